/** A server's message as a sentence of a text: a capital first, a full stop last. */
export function sentence(message: string): string {
  const text = message.trim();
  if (text === "") return "";
  const begun = text.charAt(0).toLocaleUpperCase() + text.slice(1);
  return /[.!?…]$/u.test(begun) ? begun : `${begun}.`;
}
