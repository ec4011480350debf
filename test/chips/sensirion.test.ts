import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc8 } from "../../src/chips/sensirion.ts";

describe("crc8", () => {
  it("gives the datasheet's example", () => {
    expect(crc8(Uint8Array.of(0xbe, 0xef))).toBe(0x92);
  });

  it("starts at 0xFF, so that an empty range is 0xFF", () => {
    expect(crc8(new Uint8Array(0))).toBe(0xff);
    expect(crc8(Uint8Array.of(1, 2), 1, 1)).toBe(0xff);
  });

  it("looks at the given range only", () => {
    expect(crc8(Uint8Array.of(0x12, 0xbe, 0xef, 0x34), 1, 3)).toBe(0x92);
  });

  it("notices any one or two flipped bits of a word and its checksum", () => {
    const bit = fc.nat(23);
    fc.assert(
      fc.property(fc.nat(0xffff), bit, bit, (word, first, second) => {
        const sent = Uint8Array.of(word >> 8, word & 0xff, 0);
        sent[2] = crc8(sent, 0, 2);
        for (const index of new Set([first, second]))
          sent[index >> 3] = (sent[index >> 3] ?? 0) ^ (1 << (index & 7));
        expect(crc8(sent, 0, 2)).not.toBe(sent[2]);
      }),
    );
  });
});
