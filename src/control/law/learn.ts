/**
 * Decides which room model is in force, by comparing predictions.
 *
 * Three models run side by side, each with its own estimate: the one in force, the untuned default, and a challenger
 * that the bank proposes. Each forecasts the readings ten minutes ahead, again and again. The challenger takes over when
 * its forecasts are clearly better, with the estimate that it has built meanwhile, so that the demand does not jump; the
 * default takes over when its own are better. So bad learning is never worse than none.
 *
 * Guarantee: bounded work and memory. Nothing is learned while `counts` is false: the window is open, or a safety rule
 * heats or forbids heat.
 */
import type { BankState } from "./identify.ts";
import { addToBank, bestFit, shiftBank, startBank } from "./identify.ts";
import type { Average } from "./readings.ts";
import type { EstimateState, Excess, Forecast } from "./room-estimate.ts";
import {
  estimate,
  forecast,
  lessCertain,
  shiftEstimate,
  shiftForecast,
  startEstimate,
  startForecast,
} from "./room-estimate.ts";
import type { RoomModel } from "./room-model.ts";
import { boundedRoom, defaultRoom } from "./room-model.ts";

/** A model, its estimate of the room, and how well it predicts. */
export interface TrackedModel {
  readonly room: RoomModel;
  readonly estimate: EstimateState;
  readonly forecast: Forecast;
  /** Mean square of the forecasts' errors (K²), and how many, up to the memory. */
  readonly square: number;
  readonly count: number;
  readonly ageS: number;
}

export interface LearnState {
  readonly bank: BankState;
  readonly active: TrackedModel;
  readonly fallback: TrackedModel;
  readonly challenger: TrackedModel | undefined;
  readonly learnedS: number;
}

/** Length of a forecast (s). */
const forecastS = 600;
/** Errors fade over so many forecasts. */
const memory = 72;
const leastForecasts = 5;
/** How much better a challenger must be, in standard deviations of its mean square. */
const margin = 2;
/** With a mean square smaller by this factor, two forecasts are enough: the room is of quite another kind. */
const evident = 0.04;
const warmUpS = 600;
/** A challenger without success makes room for a newer one (s). */
const challengerLifetimeS = 4 * 3600;
/** Evidence that a proposal needs (h). */
const leastEvidence = 0.1;
/** Evidence for full confidence (h). */
const fullEvidence = 12;

export function startLearning(room: RoomModel, temperature: number, demand: number): LearnState {
  const state = startEstimate(temperature, demand);
  return {
    bank: startBank,
    active: trackedModel(room, state),
    fallback: trackedModel(defaultRoom, state),
    challenger: undefined,
    learnedS: room.learnedMinutes * 60,
  };
}

const trackedModel = (room: RoomModel, state: EstimateState): TrackedModel => ({
  room,
  estimate: state,
  forecast: startForecast(state),
  square: 0,
  count: 0,
  ageS: 0,
});

/** Adds one average of readings and command. @param counts whether it may be learned from */
export function learn(state: LearnState, average: Average, excess: Excess, counts: boolean): LearnState {
  const bank = addToBank(state.bank, average, counts);
  const follow = (one: TrackedModel) => followRoom(one, average, excess, counts);
  const followed: LearnState = {
    bank,
    active: follow(state.active),
    fallback: follow(state.fallback),
    challenger: state.challenger && follow(state.challenger),
    learnedS: state.learnedS + (bank.hours > state.bank.hours ? average.elapsedS : 0),
  };
  return counts ? judge(followed) : followed;
}

/** The same models with another load in every estimate, which is less certain than before. */
export const withLoad = (state: LearnState, load: number): LearnState =>
  inEach(state, (one) => ({ ...one, estimate: { ...lessCertain(one.estimate), load } }));

/** Moves every temperature by this many kelvins. */
export const shiftLearning = (state: LearnState, by: number): LearnState => ({
  ...inEach(state, (one) => ({
    ...one,
    estimate: shiftEstimate(one.estimate, by),
    forecast: shiftForecast(one.forecast, by),
  })),
  bank: shiftBank(state.bank, by),
});

const inEach = (state: LearnState, change: (one: TrackedModel) => TrackedModel): LearnState => ({
  ...state,
  active: change(state.active),
  fallback: change(state.fallback),
  challenger: state.challenger && change(state.challenger),
});

function followRoom(one: TrackedModel, average: Average, excess: Excess, counts: boolean): TrackedModel {
  const { room, square, count } = one;
  const state = estimate(one.estimate, room, average, excess);
  const ageS = one.ageS + average.elapsedS;
  const next = forecast(one.forecast, room, average);
  const isOver = next.seconds >= forecastS;
  const restarts = isOver || !counts;
  const isScored = isOver && counts && ageS > warmUpS;
  const scored = isScored ? Math.min(memory, count + 1) : count;
  return {
    room,
    estimate: state,
    forecast: restarts ? startForecast(state) : next,
    square: isScored ? square + (next.error ** 2 - square) / scored : square,
    count: scored,
    ageS,
  };
}

function judge(state: LearnState): LearnState {
  const { active, fallback, challenger } = state;
  if (challenger && isBetter(challenger, active)) {
    return { ...state, active: challenger, challenger: undefined };
  }
  if (active.room !== fallback.room && isBetter(fallback, active)) return { ...state, active: fallback };
  if (challenger && challenger.ageS < challengerLifetimeS) return state;
  return { ...state, challenger: propose(state) };
}

function isBetter(one: TrackedModel, other: TrackedModel): boolean {
  const count = Math.min(one.count, other.count);
  if (count >= 2 && one.square < other.square * evident) return true;
  return count >= leastForecasts && one.square < other.square * (1 - margin / Math.sqrt(count));
}

function propose({ bank, active, learnedS }: LearnState): TrackedModel | undefined {
  const fit = bank.hours >= leastEvidence ? bestFit(bank) : undefined;
  if (!fit) return undefined;
  const room = boundedRoom({
    ...fit.response,
    noiseK: active.room.noiseK,
    confidence: Math.min(1, bank.hours / fullEvidence),
    learnedMinutes: Math.round(learnedS / 60),
  });
  return trackedModel(room, lessCertain(active.estimate));
}
