/** How to reach a database. `host` may be the folder of a Unix socket. */
export type ConnectionOptions =
  | { readonly url: string }
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string;
      readonly database: string;
    };
