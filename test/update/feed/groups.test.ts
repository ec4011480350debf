/** A unit whose group its feed does not know: a mistyped name, or one that nobody has published for yet. */
import { describe, expect, it } from "vitest";
import { channelOf, Folder, imageEntry, Unit } from "./unit.ts";

describe("a unit that follows a feed", () => {
  it.each(["office", "constructor"])(
    "whose group %s the channel does not have says so, with those that it has",
    async (group) => {
      const folder = new Folder();
      const entry = { image: imageEntry(3), percent: 100 };
      folder.show(
        channelOf(3, { groups: Object.fromEntries("abcdef".split("").map((name) => [name, entry])) }),
      );
      await expect(new Unit(folder, { group }).check()).rejects.toMatchObject({
        code: "not-listed",
        message: `the channel "default" has no group "${group}": it has a, b, c, d, e, …`,
      });
      folder.show(channelOf(4, { groups: {} }));
      await expect(new Unit(folder, { group }).check()).rejects.toMatchObject({
        message: 'the channel "default" has no group yet',
      });
    },
  );
});
