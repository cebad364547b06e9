import * as Comlink from 'comlink';
import { useThreadModule } from 'siseon/kernels';
import { SiseonError } from 'siseon/platform';
import { Engine } from './engine.ts';
import { factsOf } from './failure.ts';
import threadModule from './thread.ts?worker&url';

useThreadModule(threadModule);

// Comlink keeps an error's message alone; the page also needs the package's code and facts, to say the way on in its language.
type Thrown = Comlink.TransferHandler<{ value: unknown }, unknown>;
const thrown = Comlink.transferHandlers.get('throw') as Thrown;
const withFacts: Thrown = {
  ...thrown,
  serialize(failed) {
    const { value } = failed;
    if (!(value instanceof SiseonError)) return thrown.serialize(failed);
    return [{ isError: false, value: factsOf(value) }, []];
  },
};
Comlink.transferHandlers.set('throw', withFacts);
// The page names its worker by where the model is.
Comlink.expose(new Engine(self.name));
