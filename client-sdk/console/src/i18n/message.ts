/** A text; one with forms is chosen by `{n}`. */
export type Message = string | { readonly one: string; readonly other: string };
