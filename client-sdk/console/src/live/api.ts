/** The HTTP half: lists, documents and files. */
import { ApiError, problemOf } from "./errors";
import type { Sessions } from "./session";

export class Api {
  constructor(private readonly sessions: Sessions) {}

  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.#send<T>("GET", path, undefined, signal);
  }

  delete<T>(path: string): Promise<T> {
    return this.#send<T>("DELETE", path);
  }

  /** A file under the field `file`, with texts beside it. */
  upload<T>(path: string, file: File, fields: Readonly<Record<string, string>> = {}): Promise<T> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", file, file.name);
    return this.#send<T>("POST", path, form);
  }

  async #send<T>(method: string, path: string, body?: FormData, signal?: AbortSignal): Promise<T> {
    let response = await this.#once(method, path, body, await this.sessions.token(), signal);
    if (response.status === 401) response = await this.#once(method, path, body, await this.sessions.token(true), signal);
    if (!response.ok) throw await problemOf(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  async #once(method: string, path: string, body: FormData | undefined, token: string, signal?: AbortSignal): Promise<Response> {
    try {
      return await fetch(path, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      if (signal?.aborted === true) throw cause;
      throw new ApiError("network", String(cause), 0);
    }
  }
}
