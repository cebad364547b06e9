import type { Phrase } from './entry.ts';

/** Of safetensors, npy and PyTorch's archives, and of the tensors in any of them. */
const tensors: readonly Phrase[] = [
  [
    'it has {size} bytes, and its first 8 should say how long the header is',
    '{size}바이트뿐이에요. 처음 8바이트가 머리말의 길이를 말해야 해요',
  ],
  [
    'it begins as a Git LFS pointer does, which stands for the file; git lfs pull brings the file itself',
    '파일 대신 놓인 Git LFS 포인터예요. git lfs pull을 하면 파일이 와요',
  ],
  [
    'its header would be {length} bytes long, more than {limit}',
    '머리말이 {length}바이트라는데 {limit}바이트까지만 읽어요',
  ],
  [
    'its header would end at byte {end}, but the file has {size}',
    '머리말이 {end}바이트에서 끝난다는데 파일은 {size}바이트예요',
  ],
  ['its header is not JSON', '머리말이 JSON이 아니에요'],
  ['its header is no JSON object', '머리말이 JSON 객체가 아니에요'],
  ['its header names {name} twice', '머리말에 {name:이} 두 번 나와요'],
  ['__metadata__ holds something other than strings', '__metadata__에 글이 아닌 것이 있어요'],
  ['{name} shares bytes with another tensor', '{name:이} 다른 텐서와 바이트를 함께 써요'],
  ['bytes {from} to {to} belong to no tensor', '{from}바이트부터 {to}바이트까지는 어느 텐서의 것도 아니에요'],
  ['{name} has a shape that is no list of whole numbers', '{name}의 모양이 정수의 목록이 아니에요'],
  ['{name} has data_offsets that are no pair of whole numbers', '{name}의 data_offsets가 정수 두 개가 아니에요'],
  ['{name} has a shape too large to count', '{name}의 모양이 셀 수 없이 커요'],
  [
    '{name} with shape {shape} of {type} needs {needs} bytes and has {has}',
    '{name}(모양 {shape}, {type})에는 {needs}바이트가 있어야 하는데 {has}바이트예요',
  ],
  ['{name} holds {number}, beyond 32 bits', '{name}에 32비트를 넘는 수 {number:이} 있어요'],
  ['{name} has the type {type}, not one of {known}', '{name}의 형식이 {type}인데 읽을 수 있는 것은 {known:이에요}'],
  ['it is no zip file ({why})', 'zip 파일이 아니에요'],
  [
    '{name} is damaged: its checksum (CRC-32) is another than the one written beside it',
    '{name:이} 깨졌어요. 검사합(CRC-32)이 함께 적힌 것과 달라요',
  ],
  ['{name} does not begin as an array does', '{name:이} 배열답게 시작하지 않아요'],
  ['{name} is cut off in its header', '{name:이} 머리말에서 잘렸어요'],
  ['{name} has a header without type or shape', '{name}의 머리말에 형식이나 모양이 없어요'],
  [
    '{name} is in Fortran order; save numpy.ascontiguousarray of it',
    '{name:이} 포트란 순서예요. numpy.ascontiguousarray로 바꿔 저장해 주세요',
  ],
  ['it has {size} bytes', '{size}바이트뿐이에요'],
  ['it holds no dictionary of tensors', '텐서의 사전이 들어 있지 않아요'],
  [
    "beside tensors it holds {name}; a training's state is no checkpoint",
    '텐서 말고도 {name:이} 들어 있어요. 학습 상태는 체크포인트가 아니에요',
  ],
  ['the storage {key} of {name} is missing', '{name}의 저장소 {key:이} 없어요'],
  [
    'the storage of {name} should have {needs} bytes and has {has}',
    '{name}의 저장소는 {needs}바이트여야 하는데 {has}바이트예요',
  ],
  [
    '{name} has {count} numbers, and its storage has {stored}',
    '{name}의 수는 {count}개인데 저장소에는 {stored}개가 있어요',
  ],
  [
    'it has no data.pkl (a TorchScript archive or no PyTorch file)',
    'data.pkl이 없어요. TorchScript이거나 PyTorch 파일이 아니에요',
  ],
  ['its byte order is {order}, not little', '바이트 순서가 little이 아니라 {order:이에요}'],
  ['its byte order is not little', '바이트 순서가 little이 아니에요'],
  ['its pickle has {size} bytes, more than {limit}', '피클이 {size}바이트인데 {limit}바이트까지만 읽어요'],
  ['it is no file of PyTorch', 'PyTorch 파일이 아니에요'],
  ['it does not list its storages', '저장소의 목록이 없어요'],
  ['it lists a storage that no tensor has', '어느 텐서의 것도 아닌 저장소가 적혀 있어요'],
  ['it breaks off', '중간에 끊겼어요'],
  [
    'the storage {key} would end at byte {end}, and the file has {size}',
    '저장소 {key:이} {end}바이트에서 끝난다는데 파일은 {size}바이트예요',
  ],
  [
    '{name} ends at byte {end}, and its directory begins at {start}',
    '{name:이} {end}바이트에서 끝난다는데 목록이 {start}바이트에서 시작해요',
  ],
  [
    '{name} would end at byte {end}, and there are {size}',
    '{name:이} {end}바이트에서 끝난다는데 {size}바이트까지만 있어요',
  ],
];

/** Of a pickle and its zip, of which only tensors are read. */
const pickles: readonly Phrase[] = [
  [
    'it is of pickle protocol {protocol}, and torch.save writes 2',
    '피클 규약이 {protocol}인데 torch.save는 2로 적어요',
  ],
  ['it has the opcode {name}, which tensors do not need', '텐서에는 필요 없는 명령 {name:이} 들어 있어요'],
  ['its pickle breaks off', '피클이 중간에 끊겼어요'],
  ['its pickle makes no sense', '피클이 앞뒤가 맞지 않아요'],
  ['it asks for {name}, which tensors do not need', '텐서에는 필요 없는 {name:을} 불러요'],
  ['it calls OrderedDict with arguments', 'OrderedDict를 인자와 함께 불러요'],
  ['a parameter of it is no tensor', '매개변수 하나가 텐서가 아니에요'],
  ['it calls what is no function, which tensors do not need', '함수가 아닌 것을 불러요'],
  ['it calls {name}, which tensors do not need', '텐서에는 필요 없는 {name:을} 불러요'],
  ['a tensor of it has no sound storage, shape and strides', '저장소, 모양, 보폭이 온전하지 않은 텐서가 있어요'],
  [
    'a tensor of it reaches number {last} of a storage that has {count}',
    '수가 {count}개인 저장소에서 {last}번째 수를 쓰는 텐서가 있어요',
  ],
  ['it names something that is no storage of tensors', '텐서의 저장소가 아닌 것을 가리켜요'],
  ['a storage of it is a view of another one', '저장소 하나가 다른 저장소의 일부예요'],
  ['it has objects other than tensors (BUILD)', '텐서가 아닌 객체가 들어 있어요(BUILD)'],
  ['its directory is damaged', '목록이 깨졌어요'],
  ['its directory lies outside of it', '목록이 파일 밖에 있다고 해요'],
  ['its end, with the directory, is missing', '목록이 있는 끝부분이 없어요'],
  ['{name} is encrypted', '{name:이} 암호로 잠겨 있어요'],
  ['{name} is compressed, which PyTorch does not do', '{name:이} 압축되어 있어요. PyTorch는 압축하지 않아요'],
  [
    '{name} is stored in {packed} bytes and has {length}',
    '{name:이} {length}바이트인데 {packed}바이트로 저장되어 있어요',
  ],
  ['{name} lies outside of it', '{name:이} 파일 밖에 있다고 해요'],
  ['{name} is not where its directory says', '{name:이} 목록이 말하는 자리에 없어요'],
];

/** Of GGUF files. */
const gguf: readonly Phrase[] = [
  ['its part {name} is missing', '나뉜 파일 {name:이} 없어요'],
  ['Put all parts into one folder.', '나뉜 파일을 모두 한 폴더에 두거나 함께 골라 주세요.'],
  ['it has {name} twice', '{name:이} 두 번 들어 있어요'],
  [
    'it is one of {count} parts, and its name does not say which',
    '{count}개로 나뉜 파일 가운데 하나인데 이름이 몇 번째인지 말하지 않아요',
  ],
  ['Give it the name that it was published under.', '공개될 때의 이름으로 되돌려 주세요.'],
  ['its parts hold {held} tensors of {promised}', '나뉜 파일에 텐서가 {promised}개 있어야 하는데 {held}개예요'],
  ['its byte order is big-endian', '바이트 순서가 빅 엔디언이에요'],
  ['Convert it to little-endian.', '리틀 엔디언으로 바꿔 주세요.'],
  [
    'its general.alignment is {value}, not a multiple of 8 (GGUF specification)',
    'general.alignment가 {value}인데 8의 배수여야 해요(GGUF 규격)',
  ],
  [
    '{name} has the shape {shape}, which blocks of {count} do not fill',
    '{name}의 모양 {shape:이} {count}개씩 묶은 덩이로 나누어지지 않아요',
  ],
  ['Take the same model as Q8_0, Q4_K_M or F16.', '같은 모델을 Q8_0, Q4_K_M, F16 가운데 하나로 받아 주세요.'],
  [
    '{name} begins at byte {start}, within {before}',
    '{name:이} {start}바이트에서 시작하는데 그곳은 {before:이} 있는 자리예요',
  ],
  ['It is truncated or damaged; fetch it again.', '잘렸거나 깨졌으니 다시 받아 주세요.'],
  ['it breaks off within its header', '머리말에서 끊겼어요'],
  ['not a valid gguf file: not starting with GGUF magic number', 'GGUF로 시작하지 않아요'],
  ['not a valid gguf file: unsupported version "{version}"', 'GGUF {version}판은 읽지 않아요'],
  [
    'its feed-forward layers are {inner} wide, not four times {hidden}',
    '피드포워드 층의 폭이 {inner}인데 {hidden}의 네 배여야 해요',
  ],
  ['its architecture is {name}, not one of {known}', '구조가 {name}인데 읽을 수 있는 것은 {known:이에요}'],
  ['it is an encoder', '인코더예요'],
  ['it says {fields}, which may change the numbers', '{fields}: 계산을 바꿀 수 있는데 이 판이 모르는 항목이에요'],
  [
    'its values have {value} numbers a head, and its keys {key}',
    '헤드마다 내용(Value)은 {value}개, 색인(Key)은 {key}개의 수예요',
  ],
  ['it rotates {rotated} of the {size} numbers of a head', '헤드의 수 {size}개 가운데 {rotated}개를 회전해요'],
  ['its rotation is multiplied by {factor}', '회전에 {factor:을} 곱해요'],
  ['its positions are stretched by the rule {name}', '위치를 {name} 규칙으로 늘려요'],
  ['{@field} is {value}, not {expected}', '{field:이} {value}인데 {expected:이} 와야 해요'],
  ['it lacks the number {name}', '{name}의 수가 없어요'],
  ['it lacks {name}', '{name:이} 없어요'],
  ['Take the checkpoint in Hugging Face layout.', '허깅페이스 배치의 체크포인트를 써 주세요.'],
];

/** Of a checkpoint as a whole: its index, config.json, and whether the parameters fit. */
const configs: readonly Phrase[] = [
  ['it is not JSON', 'JSON이 아니에요'],
  ['it has no weight_map', 'weight_map이 없어요'],
  ['it names {name}, which is no file', '{name:은} 파일이 아니에요'],
  ['{names} are missing', '{names:이} 없어요'],
  ['{file} has {name}, which the index does not say', '{file}에 목록이 말하지 않는 {name:이} 있어요'],
  ['{file} should have {name}', '{file}에 {name:이} 있어야 해요'],
  ['{name} is missing', '{name:이} 없어요'],
  ['{name} has shape {shape}, expected {expected}', '{name}의 모양이 {shape}인데 {expected:이} 와야 해요'],
  ['{name} is unexpected', '{name:은} 여기 있을 것이 아니에요'],
  ['{tensor} holds {number} at index {index}', '{tensor}의 {index}번째 수가 {number:이에요}'],
  ['config.json: how many layers, experts or labels there are', 'config.json: 층, 전문가, 이름표의 수'],
  ['a whole number above {least}', '{least}보다 큰 정수'],
  ['a whole number, {least} or more', '{least} 이상의 정수'],
  ['a number above {least}', '{least}보다 큰 수'],
  ['true or false', '참이나 거짓'],
  ['a list of strings or numbers', '글이나 수의 목록'],
  ['a list of texts', '글의 목록'],
  ['an object', '객체'],
  ['a text', '글'],
  ['a number', '수'],
  ['{values} (anything else would change the numbers)', '{values}(다른 값이면 계산이 달라져요)'],
  ['none or layer_norm', 'none이나 layer_norm'],
  ['c2p and p2c', 'c2p와 p2c'],
  ['{size}, as hidden_size, with this head', '이 출력에서는 hidden_size와 같은 {size}'],
  ['which layers have the window', '창이 있는 층의 목록'],
  ['parameters that are not quantized', '양자화하지 않은 매개변수'],
  ['a token of the vocabulary, below {size}', '어휘 안의 토큰, {size} 미만'],
  ['a divisor of the {count} heads', '헤드 {count}개를 나누는 수'],
  ['{count} of sliding_attention and full_attention', 'sliding_attention이나 full_attention {count}개'],
  ['a multiple of the {count} heads, or {field}', '헤드 수 {count}의 배수, 또는 {field}'],
  ['an even part of a head', '헤드의 짝수 부분'],
  ['{count} numbers above 0', '0보다 큰 수 {count}개'],
];

export const checkpointPhrases: readonly Phrase[] = [...gguf, ...pickles, ...tensors, ...configs];
