/**
 * Reads the settings for a hawkBit server from the owner's file, updates.json.
 *
 * Guarantees: exactly one way to authenticate; a token is sent over `https:` only, unless the owner allows `http:`
 * or the server is this machine; no message contains a token.
 */
import { check, type Infer, problemText } from "../../base/schema/schema.ts";
import { strictObject } from "../../base/schema/structures.ts";
import { boolean, convert, optional, secret, string, withDefault } from "../../base/schema/values.ts";

const fileName = string({ pattern: /^[^\0]+$/, expected: "the name of a file" }, 4096);
/** A pasted value often ends with a space or a line feed. */
const trimmed = convert(string(undefined, 1024), (text) => text.trim());
const token = secret(
  convert(
    trimmed,
    (text) => {
      if (/^[\x21-\x7e]{1,512}$/.test(text)) return text;
      throw new RangeError("not a token");
    },
    "a token of 1 to 512 printable characters without spaces",
  ),
);
/** A segment of a path; hawkBit's own limit is 256. */
const segment = (what: string) =>
  string({
    pattern: /^(?!\.{1,2}$)[^\p{Cc}/\\]{1,256}$/u,
    expected: `${what} of 1 to 256 characters, without "/"`,
  });

/** The member `hawkbit` of updates.json. */
export const hawkbitSettings = strictObject({
  /** `https://updates.example[:port][/path]`. */
  server: string(undefined, 2048),
  tenant: withDefault(segment("a tenant"), "DEFAULT"),
  controllerId: segment("a controller id"),
  targetToken: optional(token),
  gatewayToken: optional(token),
  /** PEM files: the server's certificate authority; this unit's certificate and key, for a proxy that checks it. */
  caFile: optional(fileName),
  certificateFile: optional(fileName),
  keyFile: optional(fileName),
  /** Sends the token in clear text. */
  plainHttp: withDefault(boolean, false),
});
export type HawkbitSettings = Infer<typeof hawkbitSettings>;

export interface HawkbitAccess {
  /** `{server}/{tenant}/controller/v1/{id}`. */
  readonly base: URL;
  /** For requests to the server's own origin only; absent with a certificate. */
  readonly authorization: string | undefined;
  readonly caPem: string | undefined;
  readonly identity: { readonly certPem: string; readonly keyPem: string } | undefined;
}

/** One message that names what to change. */
export class HawkbitSettingsError extends Error {
  override readonly name = "HawkbitSettingsError";
}

/**
 * @param readPem the text of a file that the settings name; its errors are passed on
 * @throws HawkbitSettingsError
 */
export function hawkbitAccess(given: unknown, readPem: (path: string) => string): HawkbitAccess {
  const checked = check(hawkbitSettings, given);
  if (!checked.ok) {
    const problems = checked.problems.map((problem) => problemText(problem, "the hawkBit settings"));
    throw new HawkbitSettingsError(problems.join("; "));
  }
  const settings = checked.value;
  const methods = (["targetToken", "gatewayToken", "certificateFile"] as const).filter(
    (name) => settings[name] !== undefined,
  );
  if (methods.length !== 1) {
    const found = methods.length === 0 ? "none is given" : `${methods.join(" and ")} are given`;
    throw new HawkbitSettingsError(
      `give one of "targetToken", "gatewayToken" and "certificateFile" with "keyFile": ${found}`,
    );
  }
  if ((settings.certificateFile === undefined) !== (settings.keyFile === undefined)) {
    throw new HawkbitSettingsError('"certificateFile" and "keyFile" must be given together');
  }
  return {
    base: baseOf(settings),
    authorization: authorizationOf(settings),
    caPem: settings.caFile === undefined ? undefined : readPem(settings.caFile),
    identity:
      settings.certificateFile === undefined || settings.keyFile === undefined
        ? undefined
        : { certPem: readPem(settings.certificateFile), keyPem: readPem(settings.keyFile) },
  };
}

/** The case of the scheme matters to hawkBit. */
const authorizationOf = ({ targetToken, gatewayToken }: HawkbitSettings): string | undefined =>
  targetToken !== undefined
    ? `TargetToken ${targetToken}`
    : gatewayToken !== undefined
      ? `GatewayToken ${gatewayToken}`
      : undefined;

function baseOf({ server, tenant, controllerId, plainHttp }: HawkbitSettings): URL {
  const refuse = (reason: string): never => {
    throw new HawkbitSettingsError(`"server" ${reason}`);
  };
  const text = server.trim();
  if (!URL.canParse(text)) refuse("must be an address such as https://updates.example");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") refuse("must begin with https://");
  if (url.username !== "" || url.password !== "") refuse("must not contain a password: use a token");
  if (url.search !== "" || url.hash !== "") refuse('must end before "?" and "#"');
  if (url.protocol === "http:" && !plainHttp && !isThisMachine(url.hostname)) {
    refuse('would get the token in clear text: use https://, or set "plainHttp" where nobody can listen');
  }
  const parts = [tenant, "controller", "v1", controllerId].map(encodeURIComponent);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${parts.join("/")}`;
  return url;
}

const isThisMachine = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);
