import { ErrorCode } from "../protocol/error-code.ts";
import { saslAuthenticate as api } from "../protocol/messages/sasl-authenticate.ts";
import { MalformedMessage } from "../protocol/reader.ts";
import { type Handler, serve } from "./handler.ts";

const NOTHING = Buffer.alloc(0);

/** SaslAuthenticate, versions 0 to 2. From version 1 on the client learns how long its login is good. */
export const saslAuthenticate: Handler = serve(
  api,
  async (request, { authentication, settings, clientHost }) => {
    const step = await authentication.step(request.authBytes);
    switch (step.kind) {
      case "go-on":
        return {
          errorCode: ErrorCode.NONE,
          authBytes: step.token,
          sessionLifetimeMs: step.sessionLifetimeMs,
        };
      case "failed":
        settings.log({
          level: "warn",
          msg: "authentication failed",
          client: clientHost,
          reason: step.reason,
        });
        return {
          errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
          errorMessage: step.told ?? "Authentication failed: invalid credentials.",
          authBytes: NOTHING,
        };
      case "out-of-order":
        if (!authentication.isDone) throw new MalformedMessage("SaslAuthenticate without a SaslHandshake");
        return {
          errorCode: ErrorCode.ILLEGAL_SASL_STATE,
          errorMessage: "SaslAuthenticate needs a SaslHandshake before it.",
          authBytes: NOTHING,
        };
    }
  },
);
