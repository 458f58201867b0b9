import { createContext, createElement, useContext, useEffect, type FunctionComponent, type ReactNode } from "react";
import type { Client } from "../api.js";

const ClientContext = createContext<Client | undefined>(undefined);

/** What {@link EstafetteProvider} takes. */
export interface EstafetteProviderProps {
  /** Made and closed by the application; started by the provider. */
  readonly client: Client;
  /** What may use the hooks. */
  readonly children?: ReactNode;
}

/** Gives a client to the hooks below it, and starts it. */
export const EstafetteProvider: FunctionComponent<EstafetteProviderProps> = ({ client, children }) => {
  useEffect(() => {
    client.start();
  }, [client]);
  return createElement(ClientContext.Provider, { value: client }, children);
};

/** The client of the nearest provider. */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (client === undefined) throw new Error("no <EstafetteProvider client={…}> above this component");
  return client;
}
