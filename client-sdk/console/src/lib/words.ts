/** A server's message as a sentence of a text: a capital first, a full stop last. */
export function sentence(message: string): string {
  const text = message.trim();
  if (text === "") return "";
  const begun = text.charAt(0).toLocaleUpperCase() + text.slice(1);
  return /[.!?…]$/u.test(begun) ? begun : `${begun}.`;
}

/** Values of a structured answer that are names of things for programs, not words for people. */
const CODE = /^[a-z0-9_/.:-]{0,24}$/u;

/**
 * What a model writes, as words: a structured answer streams as JSON, and of its beginning the texts are shown, also
 * the one that is not finished. A plain text stays.
 */
export function prose(streamed: string): string {
  if (!/^\s*[[{]/u.test(streamed)) return streamed;
  const texts: string[] = [];
  for (const [, body = "", end = ""] of streamed.matchAll(/"((?:[^"\\]|\\.)*)("\s*:?|\\?$)/gu)) {
    if (end.endsWith(":")) continue;
    const text = unescape(body);
    if (text !== "" && !CODE.test(text)) texts.push(text);
  }
  // Names stand in a row, sentences in lines of their own.
  return texts.reduce((whole, text, index) => {
    const last = texts[index - 1];
    if (last === undefined) return text;
    return whole + (isShort(last) && isShort(text) ? " · " : "\n") + text;
  }, "");
}

const isShort = (text: string) => text.length <= 32;

function unescape(body: string): string {
  try {
    return JSON.parse(`"${body}"`) as string;
  } catch {
    // The end of the stream is in the middle of an escape.
    return body.replace(/\\(?:u[0-9a-f]{0,3})?$/iu, "");
  }
}
