/** Texts that say whether they are whole. */
import { describe, expect, it } from "vitest";
import { readChecked, withChecksum } from "../../../src/base/files/checked-text.ts";

describe("a text with its checksum", () => {
  it.each(["", "{}", 'two\nlines and "ö"', withChecksum("one within another")])(
    "comes back whole: %j",
    (text) => {
      expect(readChecked(withChecksum(text))).toEqual({ text, checked: true });
    },
  );

  it("is never taken for whole with any one bit flipped", () => {
    const text = '{"key":"value","ö":[1,2]}';
    const stored = Buffer.from(withChecksum(text));
    for (let bit = 0; bit < stored.length * 8; bit += 1) {
      const flipped = Buffer.from(stored);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const read = readChecked(flipped.toString("utf8"));
      // A flip in the mark hides the checksum: then the rest of it is still there, and is no JSON.
      if (read !== undefined) {
        expect(read.checked).toBe(false);
        expect(() => JSON.parse(read.text)).toThrow();
      }
    }
  });

  it("counts without one, unchecked: a person or an older version wrote it", () => {
    expect(readChecked('{"a":1}\n')).toEqual({ text: '{"a":1}\n', checked: false });
  });
});
