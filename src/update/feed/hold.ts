/**
 * The file `hold` beside the channel: images of the channel that the feed's server withholds for now, and
 * why.
 *
 * The channel is signed with a key that is on no server, so a server that sees units fail cannot change it.
 * It can only withhold an image, as anyone who serves a copy of the feed could. This file states that openly.
 * It needs no signature, because it can only leave a unit as it is; a unit reports that it is held back and
 * why, so that its owner sees it; the channel's expiry is checked first.
 *
 * Guarantee: bounded in size; any other document holds nothing back (some servers answer with a page of their
 * own for a missing file).
 */
import { type Infer, readText } from "../../base/schema/schema.ts";
import { list, object } from "../../base/schema/structures.ts";
import { string } from "../../base/schema/values.ts";
import { maxGroups, nameRule, sha256 } from "./channel.ts";

export const holdFile = "hold";
export const maxHoldBytes = 128 * 1024;
const maxReason = 300;

const holdSchema = object({
  holds: list(
    object({ group: string(nameRule), image: sha256, reason: string(undefined, maxReason) }),
    maxGroups,
  ),
});
export type Holds = Infer<typeof holdSchema>["holds"];

/** @returns `undefined` for any other document */
export const readHold = (bytes: Buffer): Holds | undefined =>
  readText(holdSchema, bytes.toString("utf8"))?.holds;

export const holdText = (holds: Holds): string =>
  `${JSON.stringify({ holds: holds.map((each) => ({ ...each, reason: each.reason.slice(0, maxReason) })) })}\n`;
