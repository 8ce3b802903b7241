import type { SaslMechanism, SaslOptions } from "../auth/authentication.ts";
import type { BearerOptions } from "../auth/bearer-options.ts";
import { BrokerError } from "../broker-error.ts";
import { type JaasModule, parseJaas } from "./jaas-config.ts";

const MECHANISMS: readonly SaslMechanism[] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"];

const NAMES: ReadonlySet<string> = new Set([
  "sasl.enabled.mechanisms",
  "sasl.jaas.config",
  "sasl.server.callback.handler.class",
  "sasl.oauthbearer.jwks.endpoint.url",
  "sasl.oauthbearer.expected.audience",
  "sasl.oauthbearer.expected.issuer",
  "sasl.oauthbearer.sub.claim.name",
  "sasl.oauthbearer.scope.claim.name",
  "sasl.oauthbearer.clock.skew.seconds",
  "connections.max.reauth.ms",
]);

const UNSECURED = "OAuthBearerUnsecuredValidatorCallbackHandler";
const USER_PREFIX = "user_";
const SECOND_MS = 1000;

/** A setting without the listener and the mechanism that Kafka lets stand before it. */
function bareName(name: string): string {
  return name
    .replace(/^listener\.name\.[^.]+\./, "")
    .replace(/^(?:plain|oauthbearer|scram-sha-256|scram-sha-512)\./, "");
}

export function isSaslName(name: string): boolean {
  return NAMES.has(bareName(name));
}

/** Who may log in and how: settings of single listeners hold for all of them. */
export function saslOptions(given: ReadonlyMap<string, string>): SaslOptions | undefined {
  const values = new Map<string, string[]>();
  for (const [name, value] of given) {
    const bare = bareName(name);
    if (NAMES.has(bare)) values.set(bare, [...(values.get(bare) ?? []), value]);
  }
  if (values.size === 0) return undefined;
  const mechanisms = mechanismsOf(values.get("sasl.enabled.mechanisms") ?? ["PLAIN"]);
  const modules = (values.get("sasl.jaas.config") ?? []).map(parseJaas);
  const users = Object.fromEntries(
    modules.flatMap(({ options }) =>
      [...options].flatMap(([name, value]) =>
        name.startsWith(USER_PREFIX) ? [[name.slice(USER_PREFIX.length), value] as const] : [],
      ),
    ),
  );
  const maxReauthMs = Number(values.get("connections.max.reauth.ms")?.[0] ?? 0);
  if (!Number.isSafeInteger(maxReauthMs) || maxReauthMs < 0) {
    throw invalid("connections.max.reauth.ms", String(maxReauthMs), "a number of milliseconds");
  }
  return {
    mechanisms,
    users,
    ...(maxReauthMs > 0 ? { maxReauthMs } : {}),
    ...(mechanisms.includes("OAUTHBEARER") ? { oauthbearer: bearerOptions(values, modules) } : {}),
  };
}

function mechanismsOf(values: readonly string[]): SaslMechanism[] {
  const names = values.flatMap((value) => value.split(",")).map((name) => name.trim().toUpperCase());
  return [...new Set(names)].map((name) => {
    const known = MECHANISMS.find((mechanism) => mechanism === name);
    if (known === undefined)
      throw invalid("sasl.enabled.mechanisms", name, `some of ${MECHANISMS.join(", ")}`);
    return known;
  });
}

function bearerOptions(
  values: ReadonlyMap<string, readonly string[]>,
  modules: readonly JaasModule[],
): BearerOptions {
  const first = (name: string): string | undefined => values.get(name)?.[0];
  const url = first("sasl.oauthbearer.jwks.endpoint.url");
  if (url !== undefined) return jwksOptions(url, first);
  const options = new Map(modules.flatMap((module) => [...module.options]));
  const asksForUnsecured =
    (values.get("sasl.server.callback.handler.class") ?? []).some((name) => name.endsWith(UNSECURED)) ||
    [...options.keys()].some((name) => name.startsWith("unsecured"));
  if (!asksForUnsecured) {
    const message =
      "OAUTHBEARER needs keys to judge tokens by; set sasl.oauthbearer.jwks.endpoint.url to where they are.";
    throw new BrokerError("OPTION_INVALID", message);
  }
  const subClaim = options.get("unsecuredValidatorPrincipalClaimName");
  const scopeClaim = options.get("unsecuredValidatorScopeClaimName");
  const requiredScope = options.get("unsecuredValidatorRequiredScope");
  const skew = options.get("unsecuredValidatorAllowableClockSkewMs");
  return {
    kind: "unsecured",
    ...(subClaim === undefined ? {} : { subClaim }),
    ...(scopeClaim === undefined ? {} : { scopeClaim }),
    ...(requiredScope === undefined ? {} : { requiredScope: requiredScope.split(/\s+/) }),
    ...(skew === undefined
      ? {}
      : { clockSkewMs: wholeNumber("unsecuredValidatorAllowableClockSkewMs", skew) }),
  };
}

function jwksOptions(url: string, first: (name: string) => string | undefined): BearerOptions {
  const audience = first("sasl.oauthbearer.expected.audience");
  const issuer = first("sasl.oauthbearer.expected.issuer");
  const subClaim = first("sasl.oauthbearer.sub.claim.name");
  const skew = first("sasl.oauthbearer.clock.skew.seconds");
  return {
    kind: "jwks",
    url,
    ...(audience === undefined ? {} : { audience: audience.split(",").map((name) => name.trim()) }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(subClaim === undefined ? {} : { subClaim }),
    ...(skew === undefined
      ? {}
      : { clockSkewMs: wholeNumber("sasl.oauthbearer.clock.skew.seconds", skew) * SECOND_MS }),
  };
}

function wholeNumber(name: string, value: string): number {
  if (!/^\d{1,12}$/.test(value.trim())) throw invalid(name, value, "a whole number");
  return Number(value);
}

function invalid(name: string, value: string, wanted: string): BrokerError {
  return new BrokerError(
    "OPTION_INVALID",
    `${name} cannot be "${value}"; write ${wanted} in the properties file.`,
  );
}
