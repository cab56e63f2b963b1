export { crc32c } from './crc32c.js';
export { adagradStep, adamStep, momentumStep, rmspropStep, sgdStep } from './step.js';
export { add, adagradApply, axpy, elastic, scale, scaledDifference, type Vector } from './vector.js';
