/** What a good token says. */
export interface TokenClaims {
  /** The user's name, without "User:". */
  readonly principal: string;
  /** When the token stops being good, as milliseconds since 1970; never where it is left out. */
  readonly expiresAtMs?: number;
}

/** Why a token is no good; the text is for the log only. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
  /** The scope that the token should have had, where only that is wrong with it. */
  readonly missingScope: readonly string[];

  constructor(message: string, missingScope: readonly string[] = []) {
    super(message);
    this.missingScope = missingScope;
  }
}

/** Looks at a token; rejects with TokenRefused where it is no good. */
export type TokenValidator = (token: string) => Promise<TokenClaims>;

/** How the tokens of OAUTHBEARER are judged, one of three ways. */
export type BearerOptions =
  | {
      readonly kind: "jwks";
      /** Where the keys are: an https:, http: or file: address. */
      readonly url: string;
      readonly audience?: readonly string[];
      readonly issuer?: string;
      /** The claim with the user's name, "sub" where it is left out. */
      readonly subClaim?: string;
      readonly clockSkewMs?: number;
    }
  | {
      /** Tokens that nobody has signed: for tests and development only. */
      readonly kind: "unsecured";
      readonly subClaim?: string;
      readonly scopeClaim?: string;
      readonly requiredScope?: readonly string[];
      readonly clockSkewMs?: number;
    }
  | { readonly kind: "custom"; readonly validate: TokenValidator };
