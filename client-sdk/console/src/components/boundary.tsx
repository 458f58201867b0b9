import { Component, type ReactNode } from "react";
import { Failure } from "./page";

interface State {
  readonly error: Error | null;
}

/** Catches what a page throws while it renders. */
export class Boundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return <Failure error={error} retry={() => this.setState({ error: null })} />;
  }
}
