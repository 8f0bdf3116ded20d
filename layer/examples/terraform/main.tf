# Functions of both architectures with the DataKit extension, which reads its token from Secrets Manager:
#   terraform apply -var secret_arn=arn:... -var 'layer_arns=["arn:...","arn:..."]'
# With a token instead (it then stands in Terraform's state): TF_VAR_dataway='https://...' terraform apply -var ...

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.4"
    }
  }
}

variable "layer_arns" {
  type        = list(string)
  description = "Layer versions for both architectures, of one or many regions"
}

variable "secret_arn" {
  type        = string
  description = "Complete ARN of the secret whose text is the Dataway URL with the token"
  default     = null
}

variable "dataway" {
  type        = string
  description = "Dataway URL with the token, instead of the secret"
  sensitive   = true
  default     = null
}

locals {
  functions = {
    checkout = "x86_64"
    mailer   = "arm64"
  }
}

data "aws_partition" "current" {}
data "aws_region" "current" {}

module "datakit" {
  source   = "./datakit"
  for_each = local.functions

  layer_arns   = var.layer_arns
  region       = data.aws_region.current.region
  architecture = each.value
  secret_arn   = var.secret_arn
  dataway      = var.dataway
}

data "archive_file" "code" {
  type        = "zip"
  output_path = "${path.module}/code.zip"

  source {
    filename = "index.js"
    content  = "exports.handler = async () => ({ statusCode: 200 });"
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name = each.key
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  for_each = local.functions

  role       = aws_iam_role.function[each.key].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy" "datakit" {
  for_each = var.secret_arn == null ? {} : local.functions

  role   = aws_iam_role.function[each.key].name
  policy = module.datakit[each.key].policy
}

resource "aws_lambda_function" "function" {
  for_each = local.functions

  function_name    = each.key
  role             = aws_iam_role.function[each.key].arn
  runtime          = "nodejs22.x"
  handler          = "index.handler"
  architectures    = [each.value]
  filename         = data.archive_file.code.output_path
  source_code_hash = data.archive_file.code.output_base64sha256

  layers = module.datakit[each.key].layers
  environment {
    variables = module.datakit[each.key].environment
  }
}
