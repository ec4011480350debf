/** Why an image is refused: a code for the owner's systems and a reason for a person. */

export type RefusalCode =
  /** Not a firmware image, or cut off in its header. */
  | "not-an-image"
  /** Of a format that a later firmware reads. */
  | "newer-format"
  | "unsigned"
  /** Signed with a key that this device does not trust. */
  | "unknown-key"
  /** The manifest was changed after it was signed. */
  | "bad-signature"
  | "invalid-manifest"
  /** A file's content differs from the manifest. */
  | "wrong-content"
  /** It ends before its last file, or has more bytes after it. */
  | "wrong-length"
  | "too-large"
  | "other-product"
  | "wrong-architecture"
  | "wrong-node"
  /** It cannot read the state that this device has stored. */
  | "wrong-state"
  /** Its loop uses another protocol than the guardian of this device. */
  | "wrong-protocol"
  /**
   * Its counter is below the highest that this device has confirmed, or is installed with a different
   * content.
   */
  | "downgrade"
  /** It was tried here before and reverted. */
  | "known-bad"
  /** Its app manifest does not grant the sources of updates that this unit has: it would be the last update. */
  | "source-not-granted"
  /** The disk, or the storage that the app manifest grants, is too small. */
  | "no-room"
  /** Another image is on trial: neither slot is free. */
  | "on-trial";

/** An expected failure: the image is not installed, and the running firmware continues. */
export class ImageRefused extends Error {
  readonly code: RefusalCode;
  constructor(code: RefusalCode, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "ImageRefused";
    this.code = code;
  }
}
