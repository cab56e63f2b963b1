export { crc32c } from './crc32c.js';
export { adagradStep, adamStep, momentumStep, rmspropStep, sgdStep } from './step.js';
export { adagradApply, add, axpy, elastic, rebase, scale, scaledDifference, type Vector } from './vector.js';
