/** A delta that a source offers besides the whole image of an assignment. */
import type { ImageLocation } from "../source.ts";

export interface DeltaOffer {
  /** Digest of the image that the delta starts from. */
  readonly from: string;
  /** Digest of the image that the delta produces. */
  readonly to: string;
  readonly file: ImageLocation;
}

/** An assignment with a delta, if the source offers one. */
export interface WithDelta {
  readonly delta?: DeltaOffer;
}
