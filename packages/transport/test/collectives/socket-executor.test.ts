import { describe } from 'vitest';
import { itIsAnExecutor } from './executor-contract.js';

describe('on the event loop', () => itIsAnExecutor('socket'));
