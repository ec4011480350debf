/**
 * Folder base/: general building blocks without knowledge of the device.
 *
 * Physical quantities with their unit in the type.
 *
 * Guarantee: a value of one of these types is a finite number. Only the constructors create them, and they throw a
 * RangeError for NaN and infinity. At run time they are plain numbers.
 */
declare const unit: unique symbol;
type Quantity<Name extends string> = number & { readonly [unit]: Name };

/** Temperature in degrees Celsius. */
export type Celsius = Quantity<"celsius">;
/** Temperature difference in kelvin. */
export type Kelvin = Quantity<"kelvin">;
/** Relative humidity in percent, 0 to 100. */
export type RelativeHumidityPercent = Quantity<"relative-humidity-percent">;
/** A point on the monotonic clock, or a duration, in milliseconds. */
export type Millis = Quantity<"millis">;
/** A point in wall time, in milliseconds since 1970 UTC. Labels records, never drives control. */
export type WallMillis = Quantity<"wall-millis">;
/** Share of time that the heater is on, 0 to 100 percent. */
export type DutyPercent = Quantity<"duty-percent">;

function finite(value: number, name: string): number {
  if (!Number.isFinite(value)) throw new RangeError(`${name} must be a finite number, got ${value}`);
  return value;
}

export const celsius = (value: number): Celsius => finite(value, "temperature (°C)") as Celsius;
export const kelvin = (value: number): Kelvin => finite(value, "temperature difference (K)") as Kelvin;
export const millis = (value: number): Millis => finite(value, "time (ms)") as Millis;
export const wallMillis = (value: number): WallMillis => finite(value, "wall time (ms)") as WallMillis;
export const seconds = (value: number): Millis => millis(value * 1000);
export const minutes = (value: number): Millis => millis(value * 60_000);
export const hours = (value: number): Millis => millis(value * 3_600_000);
export const days = (value: number): Millis => hours(value * 24);

/** Clamped to 0…100, which a sensor's rounding may exceed slightly. */
export const relativeHumidity = (value: number): RelativeHumidityPercent =>
  Math.min(100, Math.max(0, finite(value, "relative humidity (%)"))) as RelativeHumidityPercent;
/** Clamped to 0…100. */
export const duty = (value: number): DutyPercent =>
  Math.min(100, Math.max(0, finite(value, "duty (%)"))) as DutyPercent;
