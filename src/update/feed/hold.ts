/**
 * `hold`, beside the channel: images of it that the feed's server does not give out for now, and why.
 *
 * The channel is signed with a key that is on no server, so a server that sees units fail cannot change it. It can withhold,
 * as whoever holds a copy of a feed always could, by leaving out the image. This says it: not signed, because it
 * can only keep a unit as it is; a unit tells its owner that it is held back and for what reason, so that nobody is held
 * back unseen; the channel's expiry is judged before it.
 *
 * Guarantee: bounded; what is no such document holds nothing back (servers answer with a page of their own for what is not
 * there).
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

/** @returns `undefined` for what is none */
export const readHold = (bytes: Buffer): Holds | undefined =>
  readText(holdSchema, bytes.toString("utf8"))?.holds;

export const holdText = (holds: Holds): string =>
  `${JSON.stringify({ holds: holds.map((each) => ({ ...each, reason: each.reason.slice(0, maxReason) })) })}\n`;
