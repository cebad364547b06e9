/** A thread of the kernels: the page's content policy lets workers come from its own files alone. */
import { kernelThread, type ThreadData } from 'siseon/kernels';

self.onmessage = ({ data }: MessageEvent<ThreadData>) => kernelThread(data);
