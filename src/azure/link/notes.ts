/**
 * Stored state of the link: the hub assigned by DPS, and the ids of executed commands.
 *
 * Guarantee: a file that is missing, damaged or of another identity counts as empty; writes are atomic, so that a power
 * cut leaves the old file or the new one.
 */

import { dirname, join } from "node:path";
import { LatestWins } from "../../base/latest-wins.ts";
import { readText, type Schema } from "../../base/schema/schema.ts";
import { object, validItems } from "../../base/schema/structures.ts";
import { convert, lenient, oneOf, string } from "../../base/schema/values.ts";
import { hubTarget } from "../credentials/connection-string.ts";
import type { DpsTarget, HubTarget } from "../credentials/credentials.ts";
import type { CloudFiles } from "./link.ts";

const fileName = "cloud.json";
const maxIds = 64;

interface Content {
  /** The owner: another identity in the same folder starts empty. */
  readonly identity: string;
  readonly assigned: HubTarget | undefined;
  readonly messageIds: readonly string[];
}

export class CloudNotes {
  readonly #path: string;
  readonly #files: CloudFiles;
  #content: Content;
  readonly #writer = new LatestWins(() => this.#write());

  private constructor(path: string, files: CloudFiles, content: Content) {
    this.#path = path;
    this.#files = files;
    this.#content = content;
  }

  /** Never rejects: an unreadable file counts as empty. */
  static async open(dataPath: string, files: CloudFiles, target: DpsTarget | HubTarget): Promise<CloudNotes> {
    const path = join(dataPath, fileName);
    const identity =
      target.kind === "dps"
        ? `${target.endpoint}/${target.idScope}/${target.registrationId}`
        : `${target.host}/${target.deviceId}`;
    const text = await readOrNothing(files, path);
    const content = readText(contentOf(identity), text ?? "") ?? {
      identity,
      assigned: undefined,
      messageIds: [],
    };
    return new CloudNotes(path, files, content);
  }

  get assigned(): HubTarget | undefined {
    return this.#content.assigned;
  }

  /** Rejects when the file cannot be written; the hub stays assigned in memory nevertheless. */
  async assign(hub: HubTarget): Promise<void> {
    const { assigned } = this.#content;
    if (assigned?.host === hub.host && assigned.deviceId === hub.deviceId) return;
    await this.#save({ ...this.#content, assigned: hub });
  }

  /** Stores the id if it is new. Rejects as `assign` does. */
  async isRepeated(messageId: string): Promise<boolean> {
    const { messageIds } = this.#content;
    if (messageIds.includes(messageId)) return true;
    await this.#save({ ...this.#content, messageIds: [...messageIds, messageId].slice(-maxIds) });
    return false;
  }

  async #save(content: Content): Promise<void> {
    this.#content = content;
    await this.#writer.wake();
  }

  async #write(): Promise<void> {
    const fresh = `${this.#path}.new`;
    await this.#files.writeDurably(fresh, `${JSON.stringify(this.#content)}\n`);
    await this.#files.rename(fresh, this.#path);
    await this.#files.syncFolder(dirname(this.#path));
  }
}

async function readOrNothing(files: CloudFiles, path: string): Promise<string | undefined> {
  try {
    return await files.read(path);
  } catch {
    return undefined;
  }
}

const contentOf = (identity: string): Schema<Content> =>
  object({
    identity: oneOf([identity]),
    assigned: lenient(hubTarget, () => undefined),
    messageIds: lenient(
      convert(validItems(string()), (ids) => ids.slice(-maxIds)),
      () => [],
    ),
  });
