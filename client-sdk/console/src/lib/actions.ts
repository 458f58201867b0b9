/** What a button does, with its waiting and its failure. */
import { useCallback, useState } from "react";
import { useT } from "../i18n";
import { toastDone, toastError } from "../live/toasts";

export interface Doing {
  readonly busy: boolean;
  /** Runs the work; says `done` when it is done, and why when it is not. Answers whether it went well. */
  readonly run: (work: () => Promise<unknown>, done?: string) => Promise<boolean>;
}

export function useDoing(): Doing {
  const t = useT();
  const [busy, setBusy] = useState(false);
  const run = useCallback(
    async (work: () => Promise<unknown>, done?: string) => {
      setBusy(true);
      try {
        await work();
        if (done !== undefined) toastDone(t, done);
        return true;
      } catch (error) {
        toastError(t, error);
        return false;
      } finally {
        setBusy(false);
      }
    },
    [t],
  );
  return { busy, run };
}
