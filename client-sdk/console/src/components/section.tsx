import { TriangleAlert } from "lucide-react";
import { useId, type ReactNode } from "react";
import { NavLink } from "react-router";
import { cx } from "../lib/cx";
import { Card } from "./page";
import styles from "./section.module.css";

/** A card with a heading, what it is about, and what can be done. */
export function Section({ title, text, action, children }: { readonly title: string; readonly text?: ReactNode; readonly action?: ReactNode; readonly children?: ReactNode }) {
  const id = useId();
  return (
    <Card className={styles.section} labelledBy={id}>
      <div className={styles.head} style={children === undefined ? { marginBottom: 0 } : undefined}>
        <div style={{ flex: "1 1 260px", minWidth: 0 }}>
          <h2 id={id}>{title}</h2>
          {text === undefined ? null : <p>{text}</p>}
        </div>
        {action}
      </div>
      {children}
    </Card>
  );
}

export function Fields({ children }: { readonly children: ReactNode }) {
  return <div className={styles.fields}>{children}</div>;
}

export interface ListItem {
  readonly id: string;
  readonly title: ReactNode;
  readonly text?: ReactNode;
  readonly action?: ReactNode;
}

export function ItemList({ label, items }: { readonly label: string; readonly items: readonly ListItem[] }) {
  return (
    <ul className={styles.list} aria-label={label}>
      {items.map((item) => (
        <li key={item.id} className={styles.item} data-item={item.id}>
          <div className={styles.what}>
            <b>{item.title}</b>
            {item.text === undefined ? null : <small>{item.text}</small>}
          </div>
          {item.action}
        </li>
      ))}
    </ul>
  );
}

export interface View {
  readonly to: string;
  readonly label: string;
}

/** Links to the parts of a page. */
export function Views({ label, views }: { readonly label: string; readonly views: readonly View[] }) {
  return (
    <nav className={styles.views} aria-label={label}>
      {views.map((view) => (
        <NavLink key={view.to} to={view.to} end className={cx(styles.view)}>
          {view.label}
        </NavLink>
      ))}
    </nav>
  );
}

/** Something to know before going on. */
export function Note({ children, action }: { readonly children: ReactNode; readonly action?: ReactNode }) {
  return (
    <div className={styles.note} role="status">
      <TriangleAlert size={18} aria-hidden="true" />
      <div>{children}</div>
      {action}
    </div>
  );
}
