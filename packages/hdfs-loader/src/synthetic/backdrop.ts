import type { Draws } from './draws.js';
import type { Colour } from './style.js';

/** A picture in the making: side × side × 3 values of 0 to 255, row-major. */
export type Canvas = Float32Array;

/** Rooms: a wall and a floor, not far from gray. */
const ROOMS: readonly (readonly [wall: Colour, floor: Colour])[] = [
  [
    [236, 234, 230],
    [206, 200, 192],
  ],
  [
    [214, 218, 222],
    [168, 164, 160],
  ],
  [
    [226, 214, 196],
    [150, 122, 96],
  ],
  [
    [186, 196, 200],
    [120, 122, 126],
  ],
  [
    [202, 190, 186],
    [134, 112, 104],
  ],
  [
    [168, 172, 160],
    [112, 108, 92],
  ],
];
const MOST_THINGS = 5;

/** Paints a room with things in it, each picture another one. */
export function paintBackdrop(canvas: Canvas, side: number, draws: Draws): void {
  const [wall, floor] = draws.pick(ROOMS);
  const light = draws.between(0.8, 1.06);
  const tint = [draws.between(-10, 10), draws.between(-6, 6), draws.between(-10, 10)];
  const edge = draws.between(0.68, 0.95) * side;
  // From left to right the wall gets lighter or darker.
  const slope = draws.between(-0.16, 0.16);
  for (let y = 0; y < side; y++) {
    const colour = y < edge ? wall : floor;
    const skirting = Math.abs(y - edge) < 1.2 ? 0.8 : 1;
    for (let x = 0; x < side; x++) {
      const bright = light * skirting * (1 + slope * (x / side - 0.5));
      for (let c = 0; c < 3; c++) canvas[(y * side + x) * 3 + c] = colour[c]! * bright + tint[c]!;
    }
  }
  const things = Math.floor(draws.between(0, MOST_THINGS + 1));
  for (let i = 0; i < things; i++) paintThing(canvas, side, draws);
}

/** A box or a round thing, half transparent, mostly towards the rim. */
function paintThing(canvas: Canvas, side: number, draws: Draws): void {
  const isRound = draws.chance(0.4);
  const [rx, ry] = [draws.between(0.03, 0.14) * side, draws.between(0.05, 0.26) * side];
  const x0 = (draws.chance(0.5) ? draws.between(-0.05, 0.25) : draws.between(0.75, 1.05)) * side;
  const y0 = draws.between(0, 1) * side;
  const gray = draws.between(60, 220);
  const colour = [gray + draws.between(-40, 40), gray + draws.between(-30, 30), gray + draws.between(-40, 40)];
  const opacity = draws.between(0.25, 0.7);
  const top = Math.max(0, Math.floor(y0 - ry));
  const left = Math.max(0, Math.floor(x0 - rx));
  for (let y = top; y < Math.min(side, y0 + ry); y++) {
    for (let x = left; x < Math.min(side, x0 + rx); x++) {
      if (isRound && ((x - x0) / rx) ** 2 + ((y - y0) / ry) ** 2 > 1) continue;
      for (let c = 0; c < 3; c++)
        canvas[(y * side + x) * 3 + c]! += (colour[c]! - canvas[(y * side + x) * 3 + c]!) * opacity;
    }
  }
}
