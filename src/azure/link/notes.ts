/**
 * What the cloud half remembers over a restart: the hub that DPS assigned, and the messages already carried out.
 *
 * Guarantee: a file that is missing, damaged or of another identity reads as nothing remembered; the file is replaced
 * whole, so that a power cut leaves the old one or the new one.
 */

import { dirname, join } from "node:path";
import { LatestWins } from "../../base/latest-wins.ts";
import { readText, type Schema } from "../../base/schema/schema.ts";
import { fittingItems, object } from "../../base/schema/structures.ts";
import { convert, lenient, oneOf, refine, string } from "../../base/schema/values.ts";
import { isHost } from "../../protocol/host.ts";
import { isDeviceId } from "../../protocol/ids.ts";
import type { DpsWay, HubWay } from "../credentials/credentials.ts";
import type { CloudFiles } from "./link.ts";

const fileName = "cloud.json";
const maxIds = 64;

interface Content {
  /** Whose they are: another identity in the same folder starts with none. */
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

  /** Never rejects: what cannot be read is not remembered. */
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

  /** @throws Error when the disk does not take it; remembered until the end of the process all the same */
  async assign(hub: HubWay): Promise<void> {
    const { assigned } = this.#content;
    if (assigned?.host === hub.host && assigned.deviceId === hub.deviceId) return;
    await this.#keep({ ...this.#content, assigned: hub });
  }

  /** @throws as `assign` */
  async isRepeated(messageId: string): Promise<boolean> {
    const { messageIds } = this.#content;
    if (messageIds.includes(messageId)) return true;
    await this.#keep({ ...this.#content, messageIds: [...messageIds, messageId].slice(-maxIds) });
    return false;
  }

  async #keep(content: Content): Promise<void> {
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

const assigned: Schema<HubWay> = convert(
  object({
    host: refine(string(), "a host name", isHost),
    deviceId: refine(string(), "a device id", isDeviceId),
  }),
  (way) => ({ kind: "hub", ...way }),
);

const contentOf = (identity: string): Schema<Content> =>
  object({
    identity: oneOf([identity]),
    assigned: lenient(assigned, () => undefined),
    messageIds: lenient(
      convert(fittingItems(string()), (ids) => ids.slice(-maxIds)),
      () => [],
    ),
  });
