/**
 * Manages the devices of this machine's hub for its owner: through the running hub, or through its folder if
 * none runs.
 *
 * Guarantee: the folder is changed only while its claim is held, so never while a hub runs; answers are
 * bounded in size and time.
 */
import { existsSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { isRecord, type JsonObject, readJson, textMember } from "../../base/json/value.ts";
import { silentLog } from "../../base/log.ts";
import { seconds } from "../../base/units.ts";
import { openOfflineHub } from "../../hub/offline.ts";
import { makeSas } from "../../hub/rest/sas.ts";
import { ownerOf } from "../claim/claim.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";
import { systemClock } from "../process/system-clock.ts";
import { claimHub, HubRunningError } from "./claim.ts";
import { hubFolders } from "./local-hub.ts";
import { readServiceAccess, type ServiceAccess } from "./service-access.ts";

interface Answer {
  readonly status: number;
  readonly text: string;
}

type Ask = (method: string, path: string, token: string, body?: string) => Promise<Answer>;

/** A device as the service API shows it, with its keys. */
export type DeviceIdentity = JsonObject;

export interface HubService {
  /** `undefined`: the hub has never run long enough to store it. */
  readonly access: ServiceAccess | undefined;
  readonly running: boolean;
  readonly idScope: string;
  devices(): Promise<readonly DeviceIdentity[]>;
  device(id: string): Promise<DeviceIdentity | undefined>;
  /** Adds a device with new keys. @throws StartupError when the id exists already */
  add(id: string): Promise<DeviceIdentity>;
  /** Removes a device and disconnects it. @returns whether it existed */
  remove(id: string): Promise<boolean>;
  close(): Promise<void>;
}

export interface HubServiceOptions {
  readonly dataPath: string;
  readonly reserveStorage: (bytes: number) => Promise<void>;
}

/** @throws StartupError when there is no hub, it belongs to another user, or it does not answer */
export async function openHubService(options: HubServiceOptions): Promise<HubService> {
  const folder = hubFolders(options.dataPath).hub;
  if (!existsSync(join(folder, "hub.json"))) {
    const remedy = "Start one: grove-heater hub (or grove-heater, without credentials).";
    throw new StartupError(
      exitCodes.unavailable,
      `There is no hub in ${folder}, or it is another user's.`,
      remedy,
    );
  }
  try {
    return await offlineService(folder, options);
  } catch (error) {
    if (error instanceof HubRunningError) return runningService(folder, error);
    throw error;
  }
}

function runningService(folder: string, { note }: HubRunningError): HubService {
  const access = readServiceAccess(folder);
  if (access === undefined) {
    const message = `The hub${note?.page ? ` at ${note.page}` : ""} has not stored the address of its service API.`;
    throw new StartupError(exitCodes.unavailable, message, "Try again in some seconds, or restart the hub.");
  }
  const { ownerKey, idScope } = access;
  return { access, running: true, idScope, ...registry(askOverNetwork(access), ownerKey), async close() {} };
}

async function offlineService(folder: string, options: HubServiceOptions): Promise<HubService> {
  if (ownerOf(options.dataPath) !== undefined) {
    const remedy = "Start the hub first, or run this as that user.";
    throw new StartupError(exitCodes.permission, "No hub runs, and its folder is another user's.", remedy);
  }
  const claim = await claimHub(folder);
  try {
    const { reserveStorage } = options;
    const hub = await openOfflineHub({
      clock: systemClock,
      log: silentLog,
      dataPath: folder,
      reserveStorage,
    });
    const ask: Ask = async (method, path, token, body) => {
      const headers = { authorization: token, "content-type": "application/json" };
      const outgoing = new Request(`https://localhost${path}`, { method, headers, ...(body && { body }) });
      const answer = await hub.ask(outgoing);
      return { status: answer.status, text: await answer.text() };
    };
    return {
      access: readServiceAccess(folder),
      running: false,
      idScope: hub.idScope,
      ...registry(ask, hub.ownerKey),
      async close() {
        await hub.close();
        await claim.release();
      },
    };
  } catch (error) {
    await claim.release();
    throw error;
  }
}

const version = "api-version=2021-04-12";
const tokenSeconds = 60;

function registry(ask: Ask, key: string): Pick<HubService, "devices" | "device" | "add" | "remove"> {
  const call = (method: string, path: string, body?: object): Promise<Answer> => {
    const token = makeSas("localhost", key, systemClock.wallNow() + tokenSeconds * 1000, "iothubowner");
    return ask(method, `${path}?${version}`, token, body && JSON.stringify(body));
  };
  const pathOf = (id: string): string => `/devices/${encodeURIComponent(id)}`;
  return {
    async devices() {
      const listed = readJson(checked(await call("GET", "/devices")).text);
      return Array.isArray(listed) ? listed.filter(isRecord) : [];
    },
    async device(id) {
      const answer = await call("GET", pathOf(id));
      return answer.status === 404 ? undefined : identityIn(checked(answer));
    },
    async add(id) {
      return identityIn(checked(await call("PUT", pathOf(id), { deviceId: id })));
    },
    async remove(id) {
      const answer = await call("DELETE", pathOf(id));
      if (answer.status !== 404) checked(answer);
      return answer.status !== 404;
    },
  };
}

function identityIn({ text }: Answer): DeviceIdentity {
  const identity = readJson(text);
  return isRecord(identity) ? identity : {};
}

/** @throws StartupError with the hub's reason, unless the answer is a success */
function checked(answer: Answer): Answer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const said = textMember(readJson(answer.text), "Message") ?? `status ${answer.status}`;
  const reason = said.replace(/^ErrorCode:\w+;/, "");
  const isUsage = answer.status === 400 || answer.status === 409;
  throw new StartupError(
    isUsage ? exitCodes.usage : exitCodes.unavailable,
    `The hub refuses it: ${reason}.`,
    "See: grove-heater hub device list",
  );
}

const timeLimit = seconds(10);
const largestAnswer = 16 * 1024 * 1024;

function askOverNetwork({ host, restPort, caPem }: ServiceAccess): Ask {
  return (method, path, token, body) =>
    new Promise<Answer>((resolve, reject) => {
      const headers = { authorization: token, "content-type": "application/json" };
      const options = { host, port: restPort, ca: caPem, method, path, headers, agent: false };
      const outgoing = request(options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > largestAnswer) outgoing.destroy(new Error("its answer is too large"));
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      });
      const cancel = systemClock.setTimer(timeLimit, () => outgoing.destroy(new Error("it does not answer")));
      outgoing.on("close", cancel);
      outgoing.on("error", reject);
      outgoing.end(body);
    }).catch((error: unknown) => {
      const message = `The hub's service API at ${host}:${restPort} cannot be reached: ${messageOf(error)}.`;
      throw new StartupError(exitCodes.unavailable, message, "Try again, or restart the hub.", {
        cause: error,
      });
    });
}
