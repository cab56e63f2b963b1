export {
  allGather,
  allReduce,
  barrier,
  broadcast,
  type CollectiveOptions,
  gather,
  type ReduceOptions,
  reduceScatter,
  ringAllReduce,
} from './collectives/collectives.js';
export type { Reduction, Wire } from './collectives/executor.js';
export type { Group } from './collectives/group.js';
export { type GroupOptions, joinGroup, type MemberAddress } from './collectives/join-group.js';
export type { ElementCodec } from './compression/codec.js';
export { type CompressorOptions, compressor } from './compression/compressor.js';
export { type ElementCodecName, elementCodec } from './compression/element-codec.js';
export type { TensorLayout } from './compression/matrix-layout.js';
export type { MessageKind } from './compression/message-kind.js';
export {
  type AllReduceMean,
  type PowerSgd,
  type PowerSgdOptions,
  type PowerSgdState,
  powerSgd,
} from './compression/power-sgd.js';
export type { CompressionScheme, Compressor, CompressorState } from './compression/scheme.js';
export type { TopKOptions } from './compression/top-k.js';
export { type ConnectOptions, connect } from './connect.js';
export { connectStriped, type StripedConnectOptions } from './connect-striped.js';
export type {
  Answer,
  Connection,
  ConnectionOptions,
  ConnectionStats,
  Handler,
  Message,
  Reply,
  RequestOptions,
  WaitOptions,
} from './connection.js';
export { TransportError, type TransportErrorCode, type TransportErrorOptions } from './errors.js';
export { asFloat32 } from './float32-view.js';
export { type Frame, FrameDecoder, type FrameDecoderOptions } from './frame-decoder.js';
export { type EncodedFrame, encodeFrame, type FrameParts, frameBytes } from './frame-encoder.js';
export type { Header } from './header.js';
export type { Identity } from './identity.js';
export { deriveKey, type KeyPurpose, type Side, TOKEN_BYTES } from './keys.js';
export { DEFAULT_LIMITS, DEFAULT_TIMES, type Limits } from './limits.js';
export { type ListenOptions, listen, type Server } from './listen.js';
export { type PayloadPool, payloadPool } from './payload-pool.js';
export { FRAME_VERSION, FrameFlag, FrameKind, PREFIX_BYTES, type Prefix } from './prefix.js';
export { type ShardRange, shardRanges } from './shard-ranges.js';
export type { TlsMode, TlsOptions } from './tls-mode.js';
export { newToken, readToken, writeToken } from './token.js';
export {
  gatherVector,
  type ScatterOptions,
  type ShardPeer,
  scatterVector,
  type VectorExchange,
} from './vector-exchange.js';
export { type Progress, peerName, selfName, type Wait, type WaitEnd, waitError } from './wait-error.js';
