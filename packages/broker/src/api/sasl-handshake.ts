import { ErrorCode } from "../protocol/error-code.ts";
import { saslHandshake as api } from "../protocol/messages/sasl-handshake.ts";
import { type Handler, serve } from "./handler.ts";

/**
 * SaslHandshake, version 1. Left out: version 0, after which tokens travel outside of Kafka's requests; every
 * client of the last years uses SaslAuthenticate.
 */
export const saslHandshake: Handler = serve(api, (request, { authentication }) => {
  const mechanisms = authentication.mechanisms;
  switch (authentication.handshake(request.mechanism)) {
    case true:
      return { errorCode: ErrorCode.NONE, mechanisms };
    case false:
      return { errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM, mechanisms };
    case undefined:
      return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms };
  }
});
