/**
 * Decides which room model is in force, by comparing predictions.
 *
 * Three models run side by side, each with its own estimate: the one in force, the untuned default, and a challenger
 * that the bank proposes. Each forecasts the readings ten minutes ahead, again and again. The challenger takes over when
 * its forecasts are clearly better, with the estimate that it has built meanwhile, so that the demand does not jump; the
 * default takes over when its own are. So bad learning is never worse than none.
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
  loosen,
  shiftEstimate,
  shiftForecast,
  startEstimate,
  startForecast,
} from "./room-estimate.ts";
import type { RoomModel } from "./room-model.ts";
import { boundedRoom, defaultRoom } from "./room-model.ts";

/** A model, what it says of the room, and how well it predicts. */
export interface Contestant {
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
  readonly active: Contestant;
  readonly fallback: Contestant;
  readonly challenger: Contestant | undefined;
  readonly learnedS: number;
}

/** Length of a forecast (s). */
const forecastS = 600;
/** Errors fade over so many forecasts. */
const memory = 72;
const leastForecasts = 5;
/** How much better a challenger must be, in standard deviations of its mean square. */
const margin = 2;
/** So much smaller a mean square needs two forecasts only: a room of quite another kind. */
const evident = 0.04;
const warmUpS = 600;
/** A challenger without success makes room for a newer one (s). */
const patienceS = 4 * 3600;
/** Evidence that a proposal needs (h). */
const leastEvidence = 0.1;
/** Evidence for full confidence (h). */
const fullEvidence = 12;

export function startLearning(room: RoomModel, temperature: number, demand: number): LearnState {
  const state = startEstimate(temperature, demand);
  return {
    bank: startBank,
    active: contestant(room, state),
    fallback: contestant(defaultRoom, state),
    challenger: undefined,
    learnedS: room.learnedMinutes * 60,
  };
}

const contestant = (room: RoomModel, state: EstimateState): Contestant => ({
  room,
  estimate: state,
  forecast: startForecast(state),
  square: 0,
  count: 0,
  ageS: 0,
});

/** One more average of readings and command. @param counts it may teach something */
export function learn(state: LearnState, average: Average, excess: Excess, counts: boolean): LearnState {
  const bank = addToBank(state.bank, average, counts);
  const follow = (one: Contestant) => followRoom(one, average, excess, counts);
  const followed: LearnState = {
    bank,
    active: follow(state.active),
    fallback: follow(state.fallback),
    challenger: state.challenger && follow(state.challenger),
    learnedS: state.learnedS + (bank.hours > state.bank.hours ? average.elapsedS : 0),
  };
  return counts ? judge(followed) : followed;
}

/** The same with another load in every estimate, known less well than before. */
export const withLoad = (state: LearnState, load: number): LearnState =>
  inEach(state, (one) => ({ ...one, estimate: { ...loosen(one.estimate), load } }));

/** Moves every temperature by so many kelvins. */
export const shiftLearning = (state: LearnState, by: number): LearnState => ({
  ...inEach(state, (one) => ({
    ...one,
    estimate: shiftEstimate(one.estimate, by),
    forecast: shiftForecast(one.forecast, by),
  })),
  bank: shiftBank(state.bank, by),
});

const inEach = (state: LearnState, change: (one: Contestant) => Contestant): LearnState => ({
  ...state,
  active: change(state.active),
  fallback: change(state.fallback),
  challenger: state.challenger && change(state.challenger),
});

function followRoom(one: Contestant, average: Average, excess: Excess, counts: boolean): Contestant {
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
  if (challenger && challenger.ageS < patienceS) return state;
  return { ...state, challenger: propose(state) };
}

function isBetter(one: Contestant, other: Contestant): boolean {
  const count = Math.min(one.count, other.count);
  if (count >= 2 && one.square < other.square * evident) return true;
  return count >= leastForecasts && one.square < other.square * (1 - margin / Math.sqrt(count));
}

function propose({ bank, active, learnedS }: LearnState): Contestant | undefined {
  const fit = bank.hours >= leastEvidence ? bestFit(bank) : undefined;
  if (!fit) return undefined;
  const room = boundedRoom({
    ...fit.response,
    noiseK: active.room.noiseK,
    confidence: Math.min(1, bank.hours / fullEvidence),
    learnedMinutes: Math.round(learnedS / 60),
  });
  return contestant(room, loosen(active.estimate));
}
