export { type DecodedSafetensors, decodeSafetensors, encodeSafetensors } from './codec.js';
export { SafetensorsError, type SafetensorsErrorCode } from './errors.js';
export { readSafetensors, readSafetensorsHeader, writeSafetensors } from './file.js';
export { decodeSafetensorsHeader, type SafetensorsHeader, type TensorRange } from './header.js';
export { type Dtype, dtypes, type Tensor, type TensorArray, type TensorArrays } from './tensor.js';
