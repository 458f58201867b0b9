/** What this server offers: an area of the console is shown where all of its routes exist. */
import { NotFoundError } from "@estafette/client";
import { useSyncExternalStore } from "react";
import { areasOf, plainRoute, type Area } from "../lib/areas";
import { session } from "./live";

export type { Area } from "../lib/areas";

export interface Offered {
  /** Whether the server has answered. */
  readonly known: boolean;
  readonly has: (area: Area) => boolean;
  /** Whether the server has a route, written as in {@link AREAS}. */
  readonly route: (route: string) => boolean;
}

const LATER_MS = 5_000;
const nothing: Offered = { known: false, has: () => false, route: () => false };
let offered: Offered = nothing;
let asking = false;
const listeners = new Set<() => void>();

/** Asks the server, again after failures, until it has answered. */
function ask(): void {
  if (asking || offered.known) return;
  asking = true;
  routesOfServer().then(
    (routes) => {
      const areas = areasOf(routes);
      const names = new Set(routes.map(plainRoute));
      offered = { known: true, has: (area) => areas.has(area), route: (route) => names.has(plainRoute(route)) };
      for (const listener of listeners) listener();
    },
    () => {
      asking = false;
      setTimeout(ask, LATER_MS);
    },
  );
}

/** The names of the server's routes; of a server that does not list them, out of its description. */
async function routesOfServer(): Promise<readonly string[]> {
  try {
    return ((await session.open("GET", "/v1/capabilities")) as { readonly routes: readonly string[] }).routes;
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    const { paths } = (await session.open("GET", "/openapi.json")) as { readonly paths: Readonly<Record<string, object>> };
    return Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`));
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  ask();
  return () => listeners.delete(listener);
}

/** What the server offers; nothing until it has answered. */
export function useOffered(): Offered {
  return useSyncExternalStore(subscribe, () => offered);
}
