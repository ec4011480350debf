/**
 * The face that Azure is: connects a running device to the account whose credentials there are, else to the local hub when
 * the guardian has one. In the real run it is started in the cloud half's own process.
 *
 * Guarantee: the control loop runs already and goes on whatever happens here; the SDK is loaded only when there is
 * somebody to connect to; wrong credentials are a clear word in the log and a fault on the screen, never an end of heat.
 */
import { createHash } from "node:crypto";
import { CredentialError, type Credentials } from "../../azure/credentials/credentials.ts";
import { loadCredentials } from "../../azure/credentials/load.ts";
import { systemPrivateFiles } from "../../azure/credentials/private-files.ts";
import { messageOf } from "../../base/errors.ts";
import type { LinkState } from "../../control/input.ts";
import type { Face, FaceDevice } from "../face.ts";
import type { HubReady } from "../process/messages.ts";
import { environmentWithSecrets } from "../process/secret-handover.ts";
import type { CloudHalf, CloudHalfParts } from "./cloud-half.ts";
import { mayGoTo, type Readings } from "./simulated-to-cloud.ts";

export interface AzureFaceOptions extends Omit<CloudHalfParts, "device" | "credentials" | "nearby"> {
  /** Of a hub on this machine; or where to look for others. */
  readonly access: { readonly credentials: Credentials } | CredentialSearch;
}

/** Credentials of an account come first, unless the readings may not go there; then those of the local hub. */
export interface CredentialSearch extends Readings {
  readonly onNoCredentials: () => void;
}

export class AzureFace implements Face {
  readonly #options: AzureFaceOptions;
  #device: FaceDevice | undefined;
  #half: CloudHalf | undefined;
  #connectedBy = "";
  #setOutboxAside: boolean | undefined;
  /** Why there is no half although there is somebody to connect to. */
  #refused: string | undefined;
  #onAccount = true;
  #connecting: Promise<void> = Promise.resolve();

  constructor(options: AzureFaceOptions) {
    this.#options = options;
    this.#setOutboxAside = options.setOutboxAside;
  }

  start(device: FaceDevice): Promise<void> {
    this.#device = device;
    device.onStepSummary((look) => this.#half?.look(look));
    device.onStored(() => this.#half?.stored());
    this.#connecting = this.#begin();
    return this.#connecting.then(() => this.#half?.opened);
  }

  /** The local hub stands: it serves where there is no account. */
  hubReady({ credentials: folder }: HubReady): void {
    this.#connecting = this.#connecting.then(async () => {
      if (this.#onAccount) return;
      await this.#guard(async () => {
        const credentials = await loadCredentials({ dataPath: folder, env: {}, files: systemPrivateFiles });
        if (credentials !== undefined) await this.#connect(credentials, true, folder);
      });
    });
  }

  get state(): LinkState {
    return this.#refused === undefined ? (this.#half?.state ?? "none") : "offline";
  }

  get failure(): string | undefined {
    return this.#refused ?? this.#half?.failure;
  }

  async close(): Promise<void> {
    await this.#half?.close();
  }

  async #begin(): Promise<void> {
    const { access, dataPath } = this.#options;
    await this.#guard(async () => {
      if ("credentials" in access) return await this.#connect(access.credentials, true, dataPath);
      const credentials = await this.#credentialsOfAccount(access);
      this.#onAccount = credentials !== undefined;
      if (credentials === undefined) access.onNoCredentials();
      else await this.#connect(credentials, false, dataPath);
    });
  }

  /** @throws CredentialError when there are some that cannot be used */
  async #credentialsOfAccount(search: CredentialSearch): Promise<Credentials | undefined> {
    const { dataPath, log } = this.#options;
    const env = await environmentWithSecrets(process, process.env);
    const credentials = await loadCredentials({ dataPath, env, files: systemPrivateFiles });
    if (credentials === undefined || mayGoTo(credentials, search)) return credentials;
    log.warn("credentials-not-used", {
      why: "simulated readings go to no cloud",
      now: "the local hub",
      remedy: "grove-heater run --simulated-to-cloud sends them all the same",
    });
    return undefined;
  }

  async #connect(credentials: Credentials, nearby: boolean, dataPath: string): Promise<void> {
    // A local hub that was started again may stand at other ports, or have new keys after its disk was damaged: the
    // old address would lead nowhere for ever, and its certificate would be untrusted for ever.
    const way = fingerprintOf(credentials);
    const old = this.#half;
    const device = this.#device;
    if (device === undefined || (old !== undefined && way === this.#connectedBy)) return;
    this.#half = undefined;
    await old?.close();
    const { CloudHalf } = await import("./cloud-half.ts");
    const setOutboxAside = this.#setOutboxAside;
    this.#half = new CloudHalf({ ...this.#options, device, credentials, nearby, dataPath, setOutboxAside });
    this.#setOutboxAside = false;
    this.#connectedBy = way;
    this.#refused = undefined;
    // It may have said so before it could be asked.
    device.faceChanged();
  }

  async #guard(connect: () => Promise<void>): Promise<void> {
    try {
      await connect();
    } catch (error) {
      const cause = messageOf(error);
      const remedy =
        error instanceof CredentialError ? error.remedy : "This is a bug: please report it with this line.";
      this.#options.log.error("cloud-failed", { cause, remedy, now: "heating continues without it" });
      this.#refused = cause;
      this.#device?.faceChanged();
    }
  }
}

/** Of everything that decides where a connection goes and whether it is let in. */
function fingerprintOf({ way, proof, caPem }: Credentials): string {
  const secret = proof.kind === "key" ? proof.key : proof.keyPem;
  const parts = [way, proof.kind === "key" ? "" : proof.certificatePem, secret.reveal(), caPem ?? ""];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
