/** Where updates are: this file is in every start of the guardian, and loads nothing for it. */
import { existsSync } from "node:fs";
import { join } from "node:path";

export const slotsFolder = (dataPath: string): string => join(dataPath, "slots");

/** What a person asks for, until a start has heard it. */
export const requestFile = (dataPath: string): string => join(slotsFolder(dataPath), "request.json");

/**
 * The trusted keys lie beside the program of the installation, which root alone writes and no update replaces: an image
 * cannot bring a key.
 */
export const keysFolder = (installation: string): string => join(installation, "keys");

/** Whether a start has to choose. */
export const hasSlots = (dataPath: string): boolean => existsSync(slotsFolder(dataPath));
