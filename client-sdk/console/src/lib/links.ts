/** What links of e-mails and of other providers carry: behind the `#`, where no server sees it. */
import { useEffect, useState } from "react";

/** A value of the address's fragment, or of its query. */
export function carried(address: Pick<Location, "hash" | "search">, name: string): string | null {
  return new URLSearchParams(address.hash.slice(1)).get(name) ?? new URLSearchParams(address.search).get(name);
}

/** The value that the link carried; it leaves the address bar at once, so that it is neither shared nor kept. */
export function useCarried(name: string): string | null {
  const [value] = useState(() => carried(location, name));
  useEffect(() => {
    if (value !== null) history.replaceState(history.state, "", location.pathname);
  }, [value]);
  return value;
}
