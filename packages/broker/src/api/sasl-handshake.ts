import { ErrorCode } from "../protocol/error-code.ts";
import { saslHandshake as api } from "../protocol/messages/sasl-handshake.ts";
import { type Handler, serve } from "./handler.ts";

const AUTHENTICATE_SINCE = 1;

/**
 * SaslHandshake, versions 0 to 1. After version 0 the tokens follow bare, each with its size before it; after
 * version 1 they come in SaslAuthenticate requests.
 */
export const saslHandshake: Handler = serve(api, (request, { authentication, version }) => {
  const mechanisms = authentication.mechanisms;
  switch (authentication.handshake(request.mechanism, version < AUTHENTICATE_SINCE)) {
    case true:
      return { errorCode: ErrorCode.NONE, mechanisms };
    case false:
      return { errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM, mechanisms };
    case undefined:
      return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] };
  }
});
