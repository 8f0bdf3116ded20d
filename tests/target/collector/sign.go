package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// signRequest prints the Authorization that AWS's own SDK gives a request, which is described as JSON.
func signRequest(description string) error {
	var request struct {
		URL, Body, Date, Service, Region   string
		AccessKey, SecretKey, SessionToken string
		Headers                            map[string]string
	}
	if err := json.Unmarshal([]byte(description), &request); err != nil {
		return err
	}
	body, err := base64.StdEncoding.DecodeString(request.Body)
	if err != nil {
		return err
	}
	at, err := time.Parse("20060102T150405Z", request.Date)
	if err != nil {
		return err
	}
	made, err := http.NewRequest(http.MethodPost, request.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	// The length is no part of what is signed: by the SDK's own choice it would be.
	made.ContentLength = 0
	for name, value := range request.Headers {
		made.Header.Set(name, value)
	}
	hash := sha256.Sum256(body)
	credentials := aws.Credentials{
		AccessKeyID: request.AccessKey, SecretAccessKey: request.SecretKey, SessionToken: request.SessionToken,
	}
	err = v4.NewSigner().SignHTTP(
		context.Background(), credentials, made, hex.EncodeToString(hash[:]), request.Service, request.Region, at,
	)
	if err != nil {
		return err
	}
	fmt.Println(made.Header.Get("Authorization"))
	return nil
}
