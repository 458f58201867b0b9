/** The HTTP half: lists, documents and files. */
import type { Session } from "@estafette/client";

export class Api {
  constructor(private readonly session: Session) {}

  /** What the path answers; the caller names the type that the generated routes give it. */
  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await this.session.request("GET", path, signal === undefined ? {} : { signal })) as T;
  }

  /** Sent with a key of its own, so that it takes effect once also when it must be repeated. */
  async send<T = void>(method: "POST" | "PATCH" | "PUT" | "DELETE", path: string, body?: unknown): Promise<T> {
    return (await this.session.request(method, path, { key: crypto.randomUUID(), ...(body === undefined ? {} : { body }) })) as T;
  }

  async delete(path: string): Promise<void> {
    await this.session.request("DELETE", path);
  }

  /** A file under the field `file`, with texts before it. */
  async upload<T>(path: string, file: File, fields: Readonly<Record<string, string>> = {}): Promise<T> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", file, file.name);
    return (await this.session.request("POST", path, { body: form })) as T;
  }
}
