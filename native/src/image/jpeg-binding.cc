// decodeJpegs(images, out, height, width, channels) → a promise of null or a line for each image. Lengths are checked by lib/jpeg.ts, and
// here again.
#include "jpeg-binding.h"

#include "../typed-array.h"
#include "jpeg-decoder.h"

namespace weft {
namespace image {
namespace {

struct Bytes {
  const uint8_t* data;
  size_t size;
};

/** On a thread of Node's pool. What it reads and fills is kept from the collector until then. */
class Decoding final : public Napi::AsyncWorker {
 public:
  static Napi::Value run(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto number = [&](size_t i) { return static_cast<size_t>(info[i].ToNumber().Int64Value()); };
    const auto bytesOf = [&](Napi::Value value) -> Bytes {
      if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
        throw Napi::TypeError::New(env, "a Uint8Array expected");
      return {dataOf(value.As<Napi::TypedArray>()), value.As<Napi::TypedArray>().ElementLength()};
    };
    const Napi::Array list = info[0].As<Napi::Array>();
    std::vector<Bytes> images;
    Napi::Array held = Napi::Array::New(env);
    // An array of its own: the caller's may change.
    for (uint32_t i = 0; i < list.Length(); i++) {
      const Napi::Value image = list[i];
      images.push_back(bytesOf(image));
      held[i] = image;
    }
    const Bytes out = bytesOf(info[1]);
    held[list.Length()] = info[1];
    const Form form{number(2), number(3), number(4)};
    if (out.size < images.size() * form.height * form.width * form.channels)
      throw Napi::RangeError::New(env, "out: too short for so many images");
    auto* decoding = new Decoding(env, std::move(images), const_cast<uint8_t*>(out.data), form);
    decoding->held_ = Napi::Persistent(held.As<Napi::Object>());
    const Napi::Promise promise = decoding->deferred_.Promise();
    decoding->Queue();
    return promise;
  }

 protected:
  void Execute() override {
    JpegDecoder decoder;
    const size_t bytes = form_.height * form_.width * form_.channels;
    for (size_t i = 0; i < images_.size(); i++) {
      try {
        lines_[i] = decoder.decode(images_[i].data, images_[i].size, form_, out_ + i * bytes);
      } catch (const std::bad_alloc&) {
        lines_[i] = "not enough memory";
      }
    }
  }
  void OnOK() override {
    Napi::Array lines = Napi::Array::New(Env(), lines_.size());
    for (size_t i = 0; i < lines_.size(); i++)
      lines[static_cast<uint32_t>(i)] = lines_[i].empty() ? Env().Null() : Napi::String::New(Env(), lines_[i]).As<Napi::Value>();
    deferred_.Resolve(lines);
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Decoding(Napi::Env env, std::vector<Bytes> images, uint8_t* out, const Form& form)
      : Napi::AsyncWorker(env, "weft jpeg"),
        images_(std::move(images)),
        out_(out),
        form_(form),
        lines_(images_.size()),
        deferred_(Napi::Promise::Deferred::New(env)) {}
  const std::vector<Bytes> images_;
  uint8_t* const out_;
  const Form form_;
  std::vector<std::string> lines_;
  const Napi::Promise::Deferred deferred_;
  Napi::ObjectReference held_;
};

}  // namespace
}  // namespace image

void registerJpeg(Napi::Env env, Napi::Object exports) {
  exports.Set("decodeJpegs", Napi::Function::New(env, image::Decoding::run, "decodeJpegs"));
}

}  // namespace weft
