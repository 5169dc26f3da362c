/** Where a standard stream goes to or comes from. */
export type StdioTarget =
  /** `/dev/null`. */
  | { readonly kind: 'none' }
  /** A FIFO that the client has made; any other file that is there is taken too. */
  | { readonly kind: 'fifo'; readonly path: string }
  /** A file to append to, made if missing. */
  | { readonly kind: 'file'; readonly path: string }
  /** A program that reads the output. `strict`: it is ready when it has said so, not when it closed the descriptor. */
  | { readonly kind: 'logger'; readonly path: string; readonly args: readonly string[]; readonly strict: boolean }
  /** A file of CRI log lines; bytes of a line beyond `longestLine` begin another record. */
  | { readonly kind: 'cri-log'; readonly path: string; readonly longestLine: number };
