/** What the makers of feeds, web servers and USB sticks hand to a unit: channels, and the plans of deltas. */
import { sign } from "node:crypto";
import { DeltaError, planBytes, planLength, readPlan } from "../../../src/update/delta/delta-format.ts";
import { readChannel } from "../../../src/update/feed/channel.ts";
import { holdText, readHold } from "../../../src/update/feed/hold.ts";
import { ImageRefused } from "../../../src/update/image/refusal.ts";
import { channelOf, imageEntry, signedBy } from "../../update/feed/unit.ts";
import { signing, trusted } from "../../update/fixtures.ts";
import type { Target } from "../harness.ts";

function taken(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (error instanceof ImageRefused || error instanceof DeltaError) return false;
    throw error;
  }
}

const deltas = [{ from: imageEntry(1).digest, file: "from-1.delta", size: 10, sha256: imageEntry(1).sha256 }];
const channel = channelOf(2, {
  groups: {
    home: { image: imageEntry(2, { deltas }), percent: 50 },
    office: { image: imageEntry(1), percent: 100 },
  },
});
const file = signedBy(channel).toString();
const text = file.slice(file.indexOf("\n") + 1);
const plan = planBytes({
  from: imageEntry(1).digest,
  head: { length: 100, size: 200 },
  files: [{ path: "dist/loop.js", base: "dist/loop.js", length: 10, packed: true }],
}).toString();

/** Whatever its owner signed, or whoever has the key, a unit reads only what is in its own folder. */
function readSigned(input: Buffer): boolean {
  const signature = sign(null, input, signing.privateKey).toString("base64");
  const head = `grove-heater-channel 1 ${input.length} ${signing.id} ${signature}\n`;
  return taken(() => {
    const { groups } = readChannel(Buffer.concat([Buffer.from(head), input]), trusted).channel;
    for (const { image, percent } of Object.values(groups)) {
      const sound = [image, ...image.deltas].every(
        (each) => !/[/\\\0]|^\.*$/.test(each.file) && each.size > 0,
      );
      if (!sound || !(percent >= 0 && percent <= 100)) throw new Error("it was taken all the same");
    }
  });
}

export const updateTargets: readonly Target[] = [
  { name: "channel", samples: [file], read: (input) => taken(() => readChannel(input, trusted)) },
  { name: "channel, signed as it is", samples: [text], read: readSigned },
  {
    name: "word on what a feed holds back",
    samples: [holdText([{ group: "home", image: imageEntry(1).digest, reason: "2 of 3 units reverted it" }])],
    read: (input) => readHold(input) !== undefined,
  },
  {
    name: "delta plan",
    samples: [plan],
    read: (input) =>
      taken(() => {
        const end = input.indexOf(0x0a);
        planLength(input.subarray(0, Math.max(0, end)).toString());
        readPlan(input.subarray(end + 1));
      }),
  },
];
