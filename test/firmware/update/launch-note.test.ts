/** What a loop is told of updates, and what may stand in its environment instead. */
import { describe, expect, it } from "vitest";
import { firmwareVersion } from "../../../src/firmware/process/package-root.ts";
import {
  type LaunchNote,
  launchNoteVariable,
  readLaunchNote,
  runningRelease,
} from "../../../src/firmware/update/launch-note.ts";

const note: LaunchNote = {
  protocol: 1,
  slots: "/data/slots",
  keys: "/opt/keys",
  program: "a",
  digest: "d".repeat(64),
  trial: true,
  readable: { reads: 1, writes: 1 },
};
const read = (text: string) => readLaunchNote({ [launchNoteVariable]: text });

describe("the launch note", () => {
  it("is read as it was written, and what a later guardian adds is left unread", () => {
    expect(read(JSON.stringify(note))).toEqual(note);
    expect(read(JSON.stringify({ ...note, more: { of: "it" } }))).toEqual(note);
  });

  it.each(["", "{", "null", "[]", '{"protocol":"1"}', JSON.stringify({ ...note, program: "c" })])(
    "counts as absent where it is %j",
    (text) => {
      expect(read(text)).toBeUndefined();
    },
  );

  it("gives the release that the owner named to what runs from a slot, else the program's own", () => {
    const releaseOf = (more: object) =>
      runningRelease({ [launchNoteVariable]: JSON.stringify({ ...note, ...more }) });
    expect(releaseOf({ release: "2026.11.1" })).toBe("2026.11.1");
    expect([releaseOf({}), releaseOf({ program: "factory", release: "9.9.9" }), runningRelease({})]).toEqual(
      Array.from({ length: 3 }, () => firmwareVersion()),
    );
  });

  it("is absent where nothing was installed", () => {
    expect(readLaunchNote({})).toBeUndefined();
  });
});
