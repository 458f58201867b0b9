/** The moments at which a page has reason to try again at once: it is online again, or looked at again. */
interface EventSource {
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

function sourceOf(value: unknown): EventSource | undefined {
  return typeof (value as Partial<EventSource> | undefined)?.addEventListener === "function"
    ? (value as EventSource)
    : undefined;
}

/** Calls `wake` at such moments, until the returned function is called. Does nothing where there is no page. */
export function watchEnvironment(wake: () => void): () => void {
  const scope = globalThis as { window?: unknown; document?: { readonly visibilityState?: string } };
  const page = sourceOf(scope.window);
  const document = sourceOf(scope.document);
  const onVisible = (): void => {
    if (scope.document?.visibilityState === "visible") wake();
  };
  page?.addEventListener("online", wake);
  page?.addEventListener("pageshow", wake);
  document?.addEventListener("visibilitychange", onVisible);
  return () => {
    page?.removeEventListener("online", wake);
    page?.removeEventListener("pageshow", wake);
    document?.removeEventListener("visibilitychange", onVisible);
  };
}

/** Calls `changed` when another page of this browser wrote to the storage, until the returned function is called. */
export function watchStorage(changed: () => void): () => void {
  const page = sourceOf((globalThis as { window?: unknown }).window);
  page?.addEventListener("storage", changed);
  // A page that comes back from the browser's cache was told nothing while it was there.
  page?.addEventListener("pageshow", changed);
  return () => {
    page?.removeEventListener("storage", changed);
    page?.removeEventListener("pageshow", changed);
  };
}
