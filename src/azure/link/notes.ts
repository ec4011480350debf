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
import { hubWay } from "../credentials/connection-string.ts";
import type { DpsWay, HubWay } from "../credentials/credentials.ts";
import type { CloudFiles } from "./link.ts";

const fileName = "cloud.json";
const maxIds = 64;

interface Content {
  /** The owner: another identity in the same folder starts empty. */
  readonly identity: string;
  readonly assigned: HubWay | undefined;
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
  static async open(dataPath: string, files: CloudFiles, way: DpsWay | HubWay): Promise<CloudNotes> {
    const path = join(dataPath, fileName);
    const identity =
      way.kind === "dps"
        ? `${way.endpoint}/${way.idScope}/${way.registrationId}`
        : `${way.host}/${way.deviceId}`;
    const text = await readOrNothing(files, path);
    const content = readText(contentOf(identity), text ?? "") ?? {
      identity,
      assigned: undefined,
      messageIds: [],
    };
    return new CloudNotes(path, files, content);
  }

  get assigned(): HubWay | undefined {
    return this.#content.assigned;
  }

  /** @throws Error when it cannot be written; it stays in memory nevertheless */
  async assign(hub: HubWay): Promise<void> {
    const { assigned } = this.#content;
    if (assigned?.host === hub.host && assigned.deviceId === hub.deviceId) return;
    await this.#save({ ...this.#content, assigned: hub });
  }

  /** @throws as `assign` */
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
    assigned: lenient(hubWay, () => undefined),
    messageIds: lenient(
      convert(validItems(string()), (ids) => ids.slice(-maxIds)),
      () => [],
    ),
  });
