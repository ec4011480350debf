/** What a unit makes of a feed: authenticity, freshness, groups, shares, and a clock that may show anything. */
import { sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { wallMillis } from "../../../src/base/units.ts";
import { readChannel } from "../../../src/update/feed/channel.ts";
import { isIncluded, placeOf } from "../../../src/update/feed/rollout.ts";
import { newKeyPair, readSigningKey } from "../../../src/update/image/keys.ts";
import { DownloadError } from "../../../src/update/transport/download-error.ts";
import { imageOf, signing, trusted } from "../fixtures.ts";
import { CutDisk } from "../slots/cut-disk.ts";
import { channelOf, day, Folder, imageEntry, signedBy, today, Unit } from "./unit.ts";

const stranger = readSigningKey(newKeyPair().privatePem);

/** Signs any text as a channel. */
function signedText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const signature = sign(null, bytes, signing.privateKey).toString("base64");
  return Buffer.concat([
    Buffer.from(`grove-heater-channel 1 ${bytes.length} ${signing.id} ${signature}\n`),
    bytes,
  ]);
}
const textOf = (version: number): string => {
  const bytes = signedBy(channelOf(version));
  return bytes.subarray(bytes.indexOf(0x0a) + 1).toString();
};

async function outcomeOf(...channels: Parameters<Folder["show"]>[0][]): Promise<string | null | undefined> {
  const folder = new Folder();
  const unit = new Unit(folder);
  let outcome: string | null | undefined;
  for (const channel of channels) {
    folder.show(channel);
    outcome = await unit.outcome();
  }
  return outcome;
}

describe("a unit that follows a feed", () => {
  it("is assigned its group's image, at the folder's address", async () => {
    const folder = new Folder();
    folder.show(
      channelOf(3, { groups: { home: { image: imageEntry(3, { file: "a b#.image" }), percent: 100 } } }),
    );
    expect(await new Unit(folder).check()).toMatchObject({
      id: imageEntry(3).digest,
      version: "0.3.0",
      image: {
        url: "https://updates.example/heaters/a%20b%23.image",
        size: 1003,
        sha256: imageEntry(3).sha256,
        headers: {},
      },
      install: "when-convenient",
    });
    expect(folder.asked).toEqual(
      ["channel", "hold"].map((name) => `https://updates.example/heaters/${name}`),
    );
  });

  it("stays as it is when it runs that image, when it failed here, or when it is older, and says why", async () => {
    const folder = new Folder();
    folder.show(channelOf(3));
    const known = { running: undefined, counterFloor: 0, failed: [] };
    const { digest } = imageEntry(3);
    expect(await new Unit(folder, { known: () => ({ ...known, running: digest }) }).check()).toBeNull();
    for (const [now, passedOver] of [
      [{ failed: [digest] }, "release 0.3.0: it was tried here and reverted"],
      [{ counterFloor: 4 }, "release 0.3.0: it is older than what this unit has confirmed"],
    ] as const) {
      const unit = new Unit(folder, { known: () => ({ ...known, ...now }) });
      expect(await unit.source.check(new AbortController().signal)).toEqual({
        assignment: null,
        cancel: null,
        passedOver,
      });
      expect(unit.notes).toHaveLength(1);
    }
  });

  it("is offered the delta from the image that it runs, and no other", async () => {
    const folder = new Folder();
    const deltas = [1, 2].map((from) => ({
      from: imageEntry(from).digest,
      file: `d${from}`,
      size: 10,
      sha256: "0".repeat(64),
    }));
    folder.show(channelOf(3, { groups: { home: { image: imageEntry(3, { deltas }), percent: 100 } } }));
    const runs = (counter: number) => ({
      known: () => ({ running: imageEntry(counter).digest, counterFloor: 0, failed: [] }),
    });
    expect((await new Unit(folder, runs(2)).check())?.delta).toMatchObject({
      from: imageEntry(2).digest,
      to: imageEntry(3).digest,
      file: { url: "https://updates.example/heaters/d2" },
    });
    expect((await new Unit(folder, runs(0)).check())?.delta).toBeUndefined();
    expect((await new Unit(folder).check())?.delta).toBeUndefined();
  });

  it("says that its turn in the roll-out comes later", async () => {
    const folder = new Folder();
    folder.show(channelOf(3, { groups: { home: { image: imageEntry(3), percent: 0 } } }));
    const { held } = await new Unit(folder).source.check(new AbortController().signal);
    expect(held).toEqual({ version: "0.3.0", reason: expect.stringContaining("0 % of the group so far") });
  });

  it("reports into the log, and nowhere else", async () => {
    const folder = new Folder();
    const unit = new Unit(folder);
    await unit.source.report("a".repeat(64), { kind: "reverted", reason: "it hung" });
    expect(unit.notes).toEqual([
      ["feed-report", { image: "a".repeat(12), kind: "reverted", reason: "it hung" }],
    ]);
    expect(folder.asked).toEqual([]);
  });

  it.each([
    ["https://x.example/feed?token=1"],
    ["https://user:secret@x.example/feed"],
    ["ftp://x.example/"],
    ["heaters"],
  ])("takes no address like %s", (url) => {
    expect(() => new Unit(new Folder(), { url })).toThrow(RangeError);
    expect(() => new Unit(new Folder(), { url })).not.toThrow(/secret/);
  });

  it.each([
    ["unreachable", "unreachable"],
    ["too-slow", "unreachable"],
    ["too-many-requests", "too-many-requests"],
    ["not-allowed", "not-allowed"],
    ["not-granted", "not-allowed"],
    ["invalid-answer", "invalid-answer"],
    ["too-large", "invalid-answer"],
  ] as const)("says %s of a feed as %s, and when to ask again", async (code, expected) => {
    const folder = new Folder();
    folder.failure = new DownloadError(code, "so it is", { retryAfterMs: 5000 });
    const work = new Unit(folder).check();
    await expect(work).rejects.toMatchObject({
      code: expected,
      retryAfterMs: 5000,
      message: expect.stringContaining("so it is"),
    });
  });
});

describe("authenticity: a channel is refused", () => {
  it("with any byte flipped", () => {
    const good = signedBy(channelOf(1));
    expect(readChannel(good, trusted).channel.version).toBe(1);
    for (let at = 0; at < good.length; at++) {
      const spoilt = Buffer.from(good);
      spoilt[at] = (spoilt[at] ?? 0) ^ 0x01;
      expect(() => readChannel(spoilt, trusted), `byte ${at}`).toThrow();
    }
  });

  it.each<[string, () => Buffer, string]>([
    [
      "that is not signed",
      () => Buffer.from(`grove-heater-channel 1 ${textOf(1).length} - -\n${textOf(1)}`),
      "unsigned",
    ],
    ["of another key", () => signedBy(channelOf(1), stranger), "unknown-key"],
    [
      "of another product",
      () => signedText(textOf(1).replace("grove-heater", "grove-cooler")),
      "other-product",
    ],
    [
      "with a key twice",
      () => signedText(textOf(1).replace('"version": 1', '"version": 1, "version": 9')),
      "invalid-manifest",
    ],
    [
      "with a key that nobody knows",
      () => signedText(textOf(1).replace('"version": 1', '"version": 1, "x": 9')),
      "invalid-manifest",
    ],
    [
      "with the name of another key",
      () => signedText(textOf(1).replace(signing.id, "0".repeat(16))),
      "invalid-manifest",
    ],
    [
      "that ended before it began",
      () => signedText(textOf(1).replace(String(today + 30 * day), String(today))),
      "invalid-manifest",
    ],
    ["of a later format", () => Buffer.from("grove-heater-channel 2 5 - -\nhello"), "newer-format"],
    [
      "that claims more than a unit reads",
      () => Buffer.from("grove-heater-channel 1 999999 - -\n"),
      "too-large",
    ],
    ["that is an image", () => imageOf(1), "not-an-image"],
    ["that is empty", () => Buffer.alloc(0), "not-an-image"],
    [
      "that goes on after its text",
      () => Buffer.concat([signedBy(channelOf(1)), Buffer.of(10)]),
      "wrong-length",
    ],
    ["without a line's end", () => Buffer.alloc(100_000, "a"), "not-an-image"],
    ["nested without an end", () => signedText("[".repeat(100_000)), "invalid-manifest"],
  ])("%s", async (_, bytes, code) => {
    expect(() => readChannel(bytes(), trusted)).toThrow(expect.objectContaining({ code }));
    expect(await outcomeOf(bytes())).toBe("not-trusted");
  });

  it("that is a signed image's manifest, and the other way round", () => {
    const image = imageOf(1);
    const { length } = image.subarray(0, image.indexOf(0x0a) + 1);
    const size = Number(image.subarray(0, length).toString().split(" ")[2]);
    const moved = Buffer.from(image.subarray(0, length).toString().replace("-image", "-channel"));
    const channel = Buffer.concat([moved, image.subarray(length, length + size)]);
    expect(() => readChannel(channel, trusted)).toThrow(
      expect.objectContaining({ code: "invalid-manifest" }),
    );
  });

  it.each(["../x", "/etc/passwd", "a/b", "a\\u0000b", "..", "", "a\\nb", "CON."])(
    "whose file is %j",
    async (file) => {
      expect(await outcomeOf(signedText(textOf(1).replace("image-1", file)))).toBe("not-trusted");
    },
  );

  it("larger than a unit reads", async () => {
    expect(await outcomeOf(Buffer.alloc(300_000, "a"))).toBe("invalid-answer");
  });
});

describe("freshness: a unit", () => {
  it("refuses an older channel than one that it has seen, also after a restart", async () => {
    expect(await outcomeOf(channelOf(5), channelOf(4))).toBe("not-trusted");
    const folder = new Folder();
    folder.show(channelOf(5));
    const unit = new Unit(folder);
    expect(await unit.outcome()).toBe("0.5.0");
    folder.show(channelOf(4));
    expect(await new Unit(folder, {}, unit.disk).outcome()).toBe("not-trusted");
    folder.show(channelOf(6));
    expect(await new Unit(folder, {}, unit.disk).outcome()).toBe("0.6.0");
  });

  it("refuses the same version with another content, and takes the same one again", async () => {
    expect(await outcomeOf(channelOf(5), channelOf(5, { expiresAt: today + 31 * day }))).toBe("not-trusted");
    expect(await outcomeOf(channelOf(5), channelOf(5))).toBe("0.5.0");
  });

  it("refuses another channel of the same owner in its channel's place: mix and match", async () => {
    expect(await outcomeOf(channelOf(9, { channel: "beta" }))).toBe("not-trusted");
  });

  it("refuses an expired channel as expired, and takes the next one", async () => {
    const folder = new Folder();
    folder.show(channelOf(5));
    const unit = new Unit(folder, {}, undefined, today + 30 * day);
    expect(await unit.outcome()).toBe("expired");
    folder.show(channelOf(6, { signedAt: today + 30 * day, expiresAt: today + 60 * day }));
    expect(await unit.outcome()).toBe("0.6.0");
  });

  it("goes on when the record cannot be written, and still refuses what is older", async () => {
    const folder = new Folder();
    const unit = new Unit(folder);
    unit.disk.cutAt = 0;
    folder.show(channelOf(5));
    expect(await unit.outcome()).toBe("0.5.0");
    expect(unit.notes[0]?.[0]).toBe("feed-version-not-stored");
    folder.show(channelOf(4));
    expect(await unit.outcome()).toBe("not-trusted");
  });

  it("has the record of before or the new one, wherever the power is cut", async () => {
    const folder = new Folder();
    for (const mode of ["names-lost", "names-kept"] as const) {
      for (let cutAt = 0; cutAt < 8; cutAt++) {
        const disk = new CutDisk();
        folder.show(channelOf(5));
        await new Unit(folder, {}, disk).outcome();
        folder.show(channelOf(6));
        disk.cutAt = disk.operations + cutAt;
        await new Unit(folder, {}, disk).outcome();
        folder.show(channelOf(4));
        const later = disk.afterCut(mode);
        expect(await new Unit(folder, {}, later).outcome(), `cut at ${cutAt}`).toBe("not-trusted");
        folder.show(channelOf(6));
        expect(await new Unit(folder, {}, later).outcome(), `cut at ${cutAt}`).toBe("0.6.0");
      }
    }
  });

  it.each(["channel-seen.json", "channel-seen.copy.json"])(
    "with a damaged %s still refuses what is older, by the other one, and writes both again",
    async (name) => {
      const folder = new Folder();
      folder.show(channelOf(5));
      const unit = new Unit(folder);
      await unit.outcome();
      unit.disk.spoil(`/var/data/firmware/${name}`);
      folder.show(channelOf(4));
      expect(await new Unit(folder, {}, unit.disk).outcome()).toBe("not-trusted");
      folder.show(channelOf(5));
      expect(await new Unit(folder, {}, unit.disk).outcome()).toBe("0.5.0");
      for (const other of ["channel-seen.json", "channel-seen.copy.json"].filter((each) => each !== name))
        unit.disk.spoil(`/var/data/firmware/${other}`);
      folder.show(channelOf(4));
      expect(await new Unit(folder, {}, unit.disk).outcome()).toBe("not-trusted");
    },
  );

  it("with a damaged record and copy begins anew: the counter floor is what keeps older images away", async () => {
    const folder = new Folder();
    folder.show(channelOf(5));
    const unit = new Unit(folder);
    await unit.outcome();
    unit.disk.spoil("/var/data/firmware/channel-seen.json");
    unit.disk.spoil("/var/data/firmware/channel-seen.copy.json");
    folder.show(channelOf(4));
    const known = () => ({ running: undefined, counterFloor: 5, failed: [] });
    expect(await new Unit(folder, { known }, unit.disk).outcome()).toBeNull();
  });
});

describe("the clock of a unit", () => {
  const withClock = (wallSeconds: number, disk?: CutDisk): { folder: Folder; unit: Unit } => {
    const folder = new Folder();
    folder.show(channelOf(5));
    return { folder, unit: new Unit(folder, {}, disk, wallSeconds) };
  };

  it.each([
    ["1970", 0],
    ["2099", 4_070_908_800],
    ["the day before the owner signed", today - day],
  ])("that shows %s expires nothing", async (_, wallSeconds) => {
    expect(await withClock(wallSeconds).unit.outcome()).toBe("0.5.0");
  });

  it.each([
    ["1970", 0],
    ["2099", 4_070_908_800],
  ])(
    "that shows %s is replaced by what the owner last signed: a channel that had expired by then is expired",
    async (_, wallSeconds) => {
      const { folder, unit } = withClock(wallSeconds);
      folder.show(channelOf(6, { signedAt: today + 100 * day, expiresAt: today + 130 * day }));
      expect(await unit.outcome()).toBe("0.6.0");
      folder.show(channelOf(7));
      expect(await unit.outcome()).toBe("expired");
    },
  );

  it("that jumps ahead and back again has done no harm", async () => {
    const { unit } = withClock(today);
    unit.clock.jumpWallTo(wallMillis((today + 3650 * day) * 1000));
    expect(await unit.outcome()).toBe("expired");
    unit.clock.jumpWallTo(wallMillis(today * 1000));
    expect(await unit.outcome()).toBe("0.5.0");
  });
});

describe("a share of the units", () => {
  const units = Array.from({ length: 1000 }, (_, index) => `unit-${index}`);

  it("only grows with the percentage, holds none at 0 and all at 100, and is about as large as it says", () => {
    let before: readonly string[] = [];
    for (const percent of [0, 1, 5, 10, 25, 50, 99, 100]) {
      const now = units.filter((id) => isIncluded(id, percent));
      expect(before.every((id) => now.includes(id))).toBe(true);
      expect(Math.abs(now.length / 10 - percent)).toBeLessThan(5);
      before = now;
    }
    expect(before).toHaveLength(1000);
    expect(units.filter((id) => isIncluded(id, 0))).toEqual([]);
  });

  it("leaves the others as they are, and says so", async () => {
    const folder = new Folder();
    folder.show(channelOf(3, { groups: { home: { image: imageEntry(3), percent: 50 } } }));
    const [early = "", late = ""] = [
      units.find((id) => placeOf(id) < 50),
      units.find((id) => placeOf(id) >= 50),
    ];
    expect(await new Unit(folder, { unitId: early }).outcome()).toBe("0.3.0");
    const other = new Unit(folder, { unitId: late });
    expect(await other.outcome()).toBeNull();
    expect(other.notes).toMatchObject([["feed-no-update", { percent: 50 }]]);
  });
});
