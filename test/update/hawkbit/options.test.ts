/** The owner's settings for a hawkBit server. */
import { describe, expect, it } from "vitest";
import { HawkbitSettingsError, hawkbitAccess } from "../../../src/update/hawkbit/options.ts";

const good = { server: "https://updates.example/hawk/", controllerId: "unit 1", targetToken: "secret-token" };
const read = (path: string): string => `PEM of ${path}`;

function refusal(given: unknown): string {
  try {
    hawkbitAccess(given, read);
  } catch (error) {
    if (error instanceof HawkbitSettingsError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("the settings of a hawkBit server", () => {
  it("make the unit's address and its authorization", () => {
    const access = hawkbitAccess(good, read);
    expect(access.base.href).toBe("https://updates.example/hawk/DEFAULT/controller/v1/unit%201");
    expect(access.authorization).toBe("TargetToken secret-token");
    const { targetToken: _, ...bare } = good;
    expect(hawkbitAccess({ ...bare, tenant: "acme", gatewayToken: "g" }, read)).toMatchObject({
      authorization: "GatewayToken g",
      base: { pathname: "/hawk/acme/controller/v1/unit%201" },
    });
  });

  it("take a token with a trailing space or line feed", () => {
    expect(hawkbitAccess({ ...good, targetToken: " secret-token \n" }, read).authorization).toBe(
      "TargetToken secret-token",
    );
  });

  it("with two authentication methods are refused, and with none", () => {
    expect(refusal({ ...good, gatewayToken: "g" })).toContain("targetToken and gatewayToken are given");
    expect(refusal({ ...good, certificateFile: "c", keyFile: "k" })).toContain(
      "targetToken and certificateFile",
    );
    const { targetToken: _, ...bare } = good;
    expect(refusal(bare)).toContain("none is given");
    expect(refusal({ ...bare, certificateFile: "c" })).toContain("must be given together");
    expect(refusal({ ...good, keyFile: "k" })).toContain("must be given together");
  });

  it("of a certificate read its files", () => {
    const { targetToken: _, ...bare } = good;
    expect(hawkbitAccess({ ...bare, certificateFile: "c", keyFile: "k", caFile: "a" }, read)).toMatchObject({
      authorization: undefined,
      caPem: "PEM of a",
      identity: { certPem: "PEM of c", keyPem: "PEM of k" },
    });
  });

  it("send no token in clear text, unless the owner says so or it is this machine", () => {
    expect(refusal({ ...good, server: "http://updates.example" })).toContain("clear text");
    expect(refusal({ ...good, server: "http://updates.example", plainHttp: true })).toBe("accepted");
    for (const host of ["127.0.0.1:8080", "localhost", "[::1]:80"])
      expect(refusal({ ...good, server: `http://${host}` })).toBe("accepted");
    expect(refusal({ ...good, server: "http://localhost.evil.example" })).toContain("clear text");
  });

  it.each([
    ["no address", { server: "updates" }],
    ["another scheme", { server: "ftp://updates.example" }],
    ["a password in the address", { server: "https://a:b@updates.example" }],
    ["a query", { server: "https://updates.example/?a" }],
    ["a path as an id", { controllerId: "a/b" }],
    ["a way up as an id", { controllerId: ".." }],
    ["a way up as a tenant", { tenant: ".." }],
    ["an empty id", { controllerId: "" }],
    ["a control character", { controllerId: "a\nb" }],
    ["an unknown key", { tokn: "x" }],
    ["a number", { server: 5 }],
  ])("with %s are refused", (_, change) => {
    expect(refusal({ ...good, ...change })).not.toBe("accepted");
  });

  it.each([["a b"], ["a\r\nX: y"], ["ü"], [""], ["x".repeat(600)], [5]])(
    "with the token %j are refused, and no message shows it",
    (targetToken) => {
      const message = refusal({ ...good, targetToken });
      expect(message).toContain("targetToken");
      if (typeof targetToken === "string" && targetToken.length > 2)
        expect(message).not.toContain(targetToken);
    },
  );

  it.each([[undefined], [null], [[]], ["x"]])("that are %j are refused", (given) => {
    expect(refusal(given)).not.toBe("accepted");
  });
});
