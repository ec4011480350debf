/** Types of the page's protocol: how a device is added. */

/** A new device, by an id that DPS accepts. */
export interface Enrolment {
  readonly id: string;
}

export interface Enrolled {
  readonly id: string;
  /** Secret, and answered this once. */
  readonly connectionString: string;
}
