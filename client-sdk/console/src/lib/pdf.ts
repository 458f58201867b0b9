/** What is wrong with a file that should be a PDF, before it is sent. */

/** The server's bound, bytes. */
export const MAX_PDF_BYTES = 10 * 1024 * 1024;

export type PdfProblem = "empty" | "large" | "kind";

export async function pdfProblem(file: Blob): Promise<PdfProblem | null> {
  if (file.size === 0) return "empty";
  if (file.size > MAX_PDF_BYTES) return "large";
  // The mark may stand behind a few bytes that other programs put before it.
  const head = new TextDecoder("latin1").decode(await file.slice(0, 1024).arrayBuffer());
  return head.includes("%PDF-") ? null : "kind";
}
