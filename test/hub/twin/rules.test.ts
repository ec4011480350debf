/** The hub's pure parts, by rule. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalJson, isRecord, type Json, type JsonObject, member } from "../../../src/base/json/value.ts";
import { FrameGuard } from "../../../src/hub/mqtt/frame-guard.ts";
import { parseUserName } from "../../../src/hub/mqtt/login.ts";
import { cloudMessage, parseDeviceTopic, parseDpsTopic } from "../../../src/hub/mqtt/topics.ts";
import { parseQuery } from "../../../src/hub/registry/query.ts";
import { makeSas, parseSas, verifySas } from "../../../src/hub/rest/sas.ts";
import {
  emptySection,
  isRefused,
  patchSection,
  replacingPatch,
  type TwinSection,
} from "../../../src/hub/twin/document.ts";
import { deriveDeviceKey } from "../../../src/protocol/device-key.ts";

const names = fc.constantFrom("a", "b", "c", "__proto__", "constructor", "toString");
const scalars = fc.oneof(fc.integer(), fc.boolean(), fc.string({ maxLength: 5 }));
const objects = (deep: fc.Arbitrary<unknown>) => fc.dictionary(names, deep, { maxKeys: 3 });
const documents = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    scalars,
    fc.array(scalars, { maxLength: 2 }),
    objects(tie("value")),
  ),
  patch: fc.oneof({ depthSize: "small" }, scalars, fc.constant(null), objects(tie("patch"))),
}));
const patches = objects(documents.patch) as fc.Arbitrary<JsonObject>;
const whole = objects(documents.value) as fc.Arbitrary<JsonObject>;

/** JSON merge patch (RFC 7386), as plainly as it can be written. */
function merged(target: Json | undefined, patch: Json): Json {
  if (!isRecord(patch)) return patch;
  const result = new Map(isRecord(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, merged(result.get(name), value));
  }
  return Object.fromEntries(result);
}

function taken(half: TwinSection, patch: Json): TwinSection {
  const next = patchSection(half, patch, 5);
  if (isRefused(next)) throw new Error(next.why);
  return next;
}

describe("a twin document", () => {
  it("is what a merge patch makes of it, one version higher each time, whatever the names", () => {
    fc.assert(
      fc.property(fc.array(patches, { maxLength: 6 }), (list) => {
        let half = emptySection(0);
        let model: Json = {};
        for (const patch of list) {
          half = taken(half, patch);
          model = merged(model, patch);
        }
        expect(equalJson(half.properties, model)).toBe(true);
        expect(half.version).toBe(1 + list.length);
        expect(Object.prototype).not.toHaveProperty("a");
      }),
    );
  });

  it("has metadata for exactly the properties that it has, of the version that last named them", () => {
    fc.assert(
      fc.property(patches, patches, (first, second) => {
        const half = taken(taken(emptySection(0), first), second);
        for (const name of Object.keys(half.properties)) {
          const version = member(half.metadata[name], "$lastUpdatedVersion");
          expect(version).toBe(Object.hasOwn(second, name) ? 3 : 2);
        }
        const marked = Object.keys(half.metadata).filter((name) => !name.startsWith("$"));
        expect(marked.sort()).toEqual(Object.keys(half.properties).sort());
      }),
    );
  });

  it("becomes what it is to be replaced with, by the patch that says so", () => {
    fc.assert(
      fc.property(whole, whole, (before, after) => {
        const half = taken(emptySection(0), before);
        const result = taken(half, replacingPatch(half, after));
        expect(equalJson(result.properties, merged({}, after))).toBe(true);
      }),
    );
  });

  it("never throws, whatever a patch is", () => {
    fc.assert(fc.property(fc.jsonValue(), (patch) => void patchSection(emptySection(0), patch, 0)));
  });
});

describe("a frame guard", () => {
  /** Remaining length by section 2.2.3 of MQTT 3.1.1. */
  function frame(length: number): Uint8Array {
    const bytes = [0x30];
    let left = length;
    do {
      bytes.push((left % 128) | (left >= 128 ? 0x80 : 0));
      left = Math.floor(left / 128);
    } while (left > 0);
    return Uint8Array.from([...bytes, ...Array(length).fill(0xff)]);
  }

  it("takes every frame up to its limit and none beyond, however the bytes are cut", () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 50 }), (list, piece) => {
        const guard = new FrameGuard(256);
        const bytes = Buffer.concat(list.map(frame));
        let fine = true;
        for (let at = 0; at < bytes.length && fine; at += piece)
          fine = guard.accepts(bytes.subarray(at, at + piece));
        expect(fine).toBe(list.every((length) => length <= 256));
      }),
    );
  });
});

describe("a signature", () => {
  const key = Buffer.alloc(32, 1).toString("base64");
  const any = () => true;

  it("derives a device's key from its group's as Azure publishes it", () => {
    const group = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==";
    const id = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6";
    expect(deriveDeviceKey(group, id)).toBe("Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=");
  });

  it("counts for what was signed and for nothing else", () => {
    const token = makeSas("hub%2Fdevices%2Fa", key, 60_000);
    expect(verifySas(parseSas(token), [key], any, 59_999)).toEqual({ ok: true, expiresMs: 60_000 });
    for (const forged of [token.replace("devices%2Fa", "devices%2Fb"), token.replace("se=60", "se=61")]) {
      expect(verifySas(parseSas(forged), [key], any, 0)).toEqual({ ok: false, failure: "signature" });
    }
    expect(verifySas(parseSas(token), [key], any, 60_000)).toEqual({ ok: false, failure: "expired" });
    expect(verifySas(parseSas(makeSas("a", "", 60_000)), ["", ""], any, 0)).toMatchObject({ ok: false });
  });

  it("counts for nothing where there is none, or one that cannot be read", () => {
    const refused = { ok: false, failure: "malformed" };
    for (const text of [
      "",
      "Bearer x",
      "SharedAccessSignature sr=a&sig=%&se=1",
      "SharedAccessSignature sr=a",
    ])
      expect(verifySas(parseSas(text), [key], any, 0)).toEqual(refused);
    expect(verifySas(undefined, [key], any, 0)).toEqual(refused);
  });

  it("never throws, whatever it is said to be", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (sr, rest) => {
        const token = parseSas(`SharedAccessSignature sr=${sr}&sig=${rest}&se=1`);
        expect(verifySas(token, [key], any, 0).ok).toBe(false);
      }),
    );
  });
});

describe("names from the wire", () => {
  it("never throw when taken apart", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseUserName(text);
        parseUserName(`host/${text}/?api-version=1`);
        parseDpsTopic(`$dps/registrations/PUT/iotdps-register/?${text}`);
        parseDeviceTopic("a", `devices/a/messages/events/${text}`);
        parseDeviceTopic("a", `$iothub/twin/GET/?${text}`);
      }),
    );
  });

  it("carry message properties there and back, with spaces that are no plus", () => {
    const bag = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 4 });
    fc.assert(
      fc.property(bag, (properties) => {
        const sent = cloudMessage("a", properties).replace("devicebound", "events");
        expect(parseDeviceTopic("a", sent)).toEqual({ kind: "telemetry", properties });
        expect(cloudMessage("a", { k: "a b" })).toContain("a%20b");
      }),
    );
  });
});

describe("a query", () => {
  const twin = {
    deviceId: "heater-1",
    tags: { room: "it's", floor: 2 },
    properties: { reported: { on: true, level: 0 }, desired: {} },
  };
  const answers = (where: string): boolean | string => {
    const query = parseQuery(`SELECT * FROM devices WHERE ${where}`);
    return query.ok ? query.matches(twin) : query.message;
  };

  it.each([
    ["deviceId = 'heater-1'", true],
    ["tags.room = 'it''s' AND tags.floor >= 2", true],
    ["tags.floor < 2 OR properties.reported.on = true", true],
    ["NOT (tags.floor IN [1, 3])", true],
    ["tags.floor IN [1, 2] AND NOT properties.reported.on != true", true],
    ["is_defined(properties.desired.level)", false],
    ["is_defined(properties.reported.level)", true],
    ["properties.reported.missing != 1", false],
    ["tags.room > 1", false],
    ["devices.tags.constructor = 1", false],
  ])("answers %s with %s", (where, expected) => {
    expect(answers(where)).toBe(expected);
  });

  it("names the place that it cannot read", () => {
    expect(answers("tags.room LIKE 'x'")).toContain("LIKE");
    expect(answers("(".repeat(2000))).toContain("nested");
    expect(parseQuery("SELECT deviceId FROM devices").ok).toBe(false);
  });

  it("limits how deep brackets are nested, not how many there are", () => {
    const nested = (depth: number) => `${"(".repeat(depth)}tags.floor = 2${")".repeat(depth)}`;
    expect(answers(Array.from({ length: 60 }, () => nested(1)).join(" AND "))).toBe(true);
    expect([answers(nested(40)), answers(nested(60))]).toEqual([true, expect.stringContaining("nested")]);
  });

  it("never throws, whatever is asked", () => {
    const words = fc.constantFrom(
      "(",
      ")",
      "and",
      "not",
      "in",
      "[",
      "]",
      ",",
      "=",
      "'a'",
      "1",
      "tags.a",
      "is_defined",
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (list) => {
        const query = parseQuery(`select * from devices where ${list.join(" ")}`);
        if (query.ok) query.matches(twin);
      }),
    );
  });
});
