/** What a loop is told of updates, and what may stand in its environment instead. */
import { describe, expect, it } from "vitest";
import {
  type LaunchNote,
  launchNoteVariable,
  readLaunchNote,
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

  it("is absent where nothing was installed", () => {
    expect(readLaunchNote({})).toBeUndefined();
  });
});
