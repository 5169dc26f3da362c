/** What a client gave for a host. */
export type Credentials =
  | { readonly type: 'none' }
  | { readonly type: 'password'; readonly username: string; readonly secret: string }
  /** A refresh token for the token server. */
  | { readonly type: 'refresh'; readonly secret: string }
  /** The value of the `Authorization` header as it is. */
  | { readonly type: 'header'; readonly value: string };

/** Knows a client's credentials. */
export interface CredentialSource {
  /** The credentials for a `host[:port]`; never logged, never sent to another host than that and its token server. */
  credentials(host: string): Promise<Credentials>;
}
