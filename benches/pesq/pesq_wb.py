"""PESQ-WB (ITU-T P.862.2) of pairs of WAV files, 16-bit mono at 16 kHz: REFERENCE HEARD REFERENCE HEARD ...; one figure a line."""

import sys
import wave

import numpy
import pesq


def samples(path):
    with wave.open(path) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (16000, 1, 2):
            sys.exit(f"{path} is not 16-bit mono at 16 kHz")
        return numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


for reference, heard in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    print(pesq.pesq(16000, samples(reference), samples(heard), "wb"))
