/**
 * The Azure face: connects a device to its Azure account if there are credentials, otherwise to the local hub if there is one.
 * In a real run it is started in the cloud process.
 *
 * Guarantee: independent of the control loop; loads the SDK only when there is a service to connect to; invalid
 * credentials are logged and shown as a fault, and never stop heating.
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
import { ReportStore, reportsFolder } from "../reports/report-store.ts";
import type { CloudClient, CloudClientParts } from "./cloud-client.ts";
import { allowsSimulatedReadings, type Readings } from "./simulated-to-cloud.ts";

export interface AzureFaceOptions
  extends Omit<CloudClientParts, "device" | "credentials" | "isLocalHub" | "reports"> {
  /** Credentials of a hub on this machine, or how to find those of an account. */
  readonly access: { readonly credentials: Credentials } | CredentialSearch;
}

/**
 * Credentials of an account come first, unless the readings must not be sent there; then those of the local
 * hub.
 */
export interface CredentialSearch extends Readings {
  readonly onNoCredentials: () => void;
  /** There are, whether they work or not. */
  readonly onHasCredentials: () => void;
}

export class AzureFace implements Face {
  readonly #options: AzureFaceOptions;
  #device: FaceDevice | undefined;
  #client: CloudClient | undefined;
  #connectedBy = "";
  #setOutboxAside: boolean | undefined;
  /** Why the cloud process is not running although there is a service to connect to. */
  #refused: string | undefined;
  #onAccount = true;
  #connecting: Promise<void> = Promise.resolve();

  constructor(options: AzureFaceOptions) {
    this.#options = options;
    this.#setOutboxAside = options.setOutboxAside;
  }

  start(device: FaceDevice): Promise<void> {
    this.#device = device;
    device.onStepSummary((summary) => this.#client?.step(summary));
    device.onStored(() => this.#client?.stored());
    this.#connecting = this.#begin();
    return this.#connecting.then(() => this.#client?.opened);
  }

  /** Call this when the local hub runs; it is used where there is no account. */
  hubReady({ credentials: folder }: HubReady): void {
    this.#connecting = this.#connecting.then(async () => {
      if (this.#onAccount) return;
      await this.#guard(async () => {
        const credentials = await loadCredentials({ dataPath: folder, env: {}, files: systemPrivateFiles });
        if (credentials !== undefined) await this.#connect(credentials, true, folder);
      });
    });
  }

  /** Sends log lines to the person who requested them. */
  sendLines(lines: string): void {
    this.#client?.sendLines(lines);
  }

  get state(): LinkState {
    return this.#refused === undefined ? (this.#client?.state ?? "none") : "offline";
  }

  get failure(): string | undefined {
    return this.#refused ?? this.#client?.failure;
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  async #begin(): Promise<void> {
    const { access, dataPath } = this.#options;
    await this.#guard(async () => {
      if ("credentials" in access) return await this.#connect(access.credentials, true, dataPath);
      const credentials = await this.#credentialsOfAccount(access).catch((error: unknown) => {
        access.onHasCredentials();
        throw error;
      });
      this.#onAccount = credentials !== undefined;
      if (credentials === undefined) return access.onNoCredentials();
      access.onHasCredentials();
      await this.#connect(credentials, false, dataPath);
    });
  }

  /** @throws CredentialError for unusable credentials */
  async #credentialsOfAccount(search: CredentialSearch): Promise<Credentials | undefined> {
    const { dataPath, log } = this.#options;
    const env = await environmentWithSecrets(process, process.env);
    const credentials = await loadCredentials({ dataPath, env, files: systemPrivateFiles });
    if (credentials === undefined || allowsSimulatedReadings(credentials, search)) return credentials;
    log.warn("credentials-not-used", {
      why: "simulated readings are not sent to a cloud",
      now: "the local hub",
      remedy: "To send them anyway: grove-heater run --simulated-to-cloud",
    });
    return undefined;
  }

  async #connect(credentials: Credentials, isLocalHub: boolean, dataPath: string): Promise<void> {
    // A restarted local hub may have other ports, or new keys after disk damage: the old address and certificate would
    // never work again.
    const fingerprint = fingerprintOf(credentials);
    const old = this.#client;
    const device = this.#device;
    if (device === undefined || (old !== undefined && fingerprint === this.#connectedBy)) return;
    this.#client = undefined;
    await old?.close();
    const { CloudClient } = await import("./cloud-client.ts");
    const setOutboxAside = this.#setOutboxAside;
    const { files, clock } = this.#options;
    // They belong to the device, whichever service it reports to.
    const reports = new ReportStore(reportsFolder(this.#options.dataPath), files, clock);
    const parts = { ...this.#options, device, credentials, isLocalHub, dataPath, setOutboxAside, reports };
    this.#client = new CloudClient(parts);
    this.#setOutboxAside = false;
    this.#connectedBy = fingerprint;
    this.#refused = undefined;
    // The client may have reported a change before `#client` was set.
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

/** Covers everything that determines where the connection goes and whether it is accepted. */
function fingerprintOf({ target, proof, caPem }: Credentials): string {
  const secret = proof.kind === "key" ? proof.key : proof.keyPem;
  const parts = [target, proof.kind === "key" ? "" : proof.certificatePem, secret.reveal(), caPem ?? ""];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
